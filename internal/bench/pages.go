package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// hashingFloor names the part of the benchmark that draws no page.
const hashingFloor = "hashing-10-ms"

var pageLine = regexp.MustCompile(`(?m)^BenchmarkPages/(\S+?)(?:-\d+)?\s+\d+\s.*?([0-9.]+) p99-ms`)

// measurePages asks for the heaviest pages in a store with 100,000 suppliers,
// one request after another. The time is that of a client on the same machine.
// Beside each stands what a machine that does nothing but hash for 10 ms takes
// in the slowest of 100 times: where that is twice as much, so are the pages.
func measurePages(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	out, err := runBench(ctx, "^BenchmarkPages$", "./internal/web", "-benchtime", "1x", "-timeout", "10m")
	if err != nil {
		return nil, err
	}
	var rows []row
	floor := 0.0
	for _, m := range pageLine.FindAllStringSubmatch(out, -1) {
		ms, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		if m[1] == hashingFloor { // comes first
			floor = ms
			continue
		}
		rows = append(rows, row{"page " + m[1] + ", 100,000 suppliers", fmt.Sprintf("p99 %.1f ms", ms),
			fmt.Sprintf("10 ms of hashing %.1f ms", floor), fmt.Sprintf("%.2f", ms/floor), "< 30 ms", ms < 30})
	}
	if len(rows) == 0 || floor == 0 {
		return nil, errors.New("benchmark of pages: no figure")
	}
	return rows, nil
}
