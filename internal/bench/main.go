// Command bench measures the paths that have a budget, each against a floor in
// the same run: what the machine can do at best with the same bytes. Ratios
// travel between machines, rates do not.
//
// It drives the real program over HTTP and knows nothing of its inside. Both
// the program and the load share the machine's cores, as in the budget.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

// row is one line of the table.
type row struct {
	what, measured, floor, ratio, target string
	ok                                   bool
}

// noTarget stands for the target of a row that is there to be seen.
const noTarget = "—"

// few and many are how many clients ask at the same time.
const few, many = 16, 64

// parts of the measurement, in the order of the table.
var parts = []struct {
	name    string
	measure func(ctx context.Context, binary string, seconds time.Duration) ([]row, error)
}{
	{"start", measureStart},
	{"submit", measureSubmit},
	{"verify", measureVerify},
	{"certificate", measureCertificate},
	{"workbook", measureWorkbook},
	{"comparison", measureComparison},
	{"bulk", measureBulk},
	{"own", measureOwn},
	{"pages", measurePages},
	{"garbage", measureGarbage},
}

func main() {
	binary := flag.String("binary", "bin/felleskrav", "the program to measure")
	seconds := flag.Duration("for", 5*time.Second, "how long each load lasts")
	only := flag.String("only", "", "the one part to measure: start, submit, verify, certificate, workbook, comparison, bulk, own, pages or garbage")
	floor := flag.Bool("floor", false, "be the floor's server (used by bench itself)")
	flag.Parse()
	if *floor {
		serveFloor()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	rows, err := measure(ctx, *binary, *seconds, *only)
	print(rows)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	for _, r := range rows {
		if !r.ok {
			os.Exit(1)
		}
	}
}

func measure(ctx context.Context, binary string, seconds time.Duration, only string) ([]row, error) {
	var rows []row
	var errs []error
	for _, part := range parts {
		if only != "" && part.name != only {
			continue
		}
		r, err := part.measure(ctx, binary, seconds)
		rows, errs = append(rows, r...), append(errs, err)
	}
	return rows, errors.Join(errs...)
}

func print(rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "path\tmeasured\tfloor\tratio\ttarget\t")
	for _, r := range rows {
		mark := "ok"
		switch {
		case !r.ok:
			mark = "MISSED"
		case r.target == noTarget:
			mark = ""
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.measured, r.floor, r.ratio, r.target, mark)
	}
	_ = w.Flush() // to the terminal
}
