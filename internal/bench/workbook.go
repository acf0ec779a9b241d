package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

var benchLine = regexp.MustCompile(`(?m)^Benchmark(Tender|RawExcelize)\S*\s+\d+\s+([0-9.]+) ns/op`)

// measureWorkbook runs the benchmarks beside the workbook's code: its floor
// writes the same cells and styles with the library alone.
func measureWorkbook(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Tender|RawExcelize)$", "-benchtime", "20x", "-count", "3", "./internal/workbook")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("benchmark workbook: %w\n%s", err, out)
	}
	best := map[string]float64{}
	for _, m := range benchLine.FindAllStringSubmatch(string(out), -1) {
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		if old, seen := best[m[1]]; !seen || ns < old {
			best[m[1]] = ns
		}
	}
	ours, raw := best["Tender"], best["RawExcelize"]
	if ours == 0 || raw == 0 {
		return nil, fmt.Errorf("benchmark workbook: no figures in\n%s", out)
	}
	ms := func(ns float64) string { return fmt.Sprintf("%.1f ms", ns/1e6) }
	return []row{{"tender workbook, 400 rows", ms(ours), "raw excelize " + ms(raw), fmt.Sprintf("%.2f", ours/raw), "≤ 1.5", ours <= 1.5*raw}}, nil
}
