package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var pageLine = regexp.MustCompile(`(?m)^BenchmarkPages/(\S+?)(?:-\d+)?\s+\d+\s.*?([0-9.]+) p99-ms`)

// measurePages asks for the heaviest pages in a store with 100,000 suppliers,
// one request after another. The time is that of a client on the same machine.
func measurePages(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	out, err := runBench(ctx, "^BenchmarkPages$", "./internal/web", "-benchtime", "1x", "-timeout", "10m")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, m := range pageLine.FindAllStringSubmatch(out, -1) {
		ms, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"page " + m[1] + ", 100,000 suppliers", fmt.Sprintf("p99 %.1f ms", ms), "", "", "< 30 ms", ms < 30})
	}
	if len(rows) == 0 {
		return nil, errors.New("benchmark of pages: no figure")
	}
	return rows, nil
}
