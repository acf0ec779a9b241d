package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"
)

var (
	benchLine   = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op.*$`)
	benchMetric = regexp.MustCompile(`([0-9.e+]+) (\S+)`)
)

// goBench runs benchmarks that stand beside the code and gives the best time
// of each of names.
func goBench(ctx context.Context, pattern, pkg string, names []string, flags ...string) ([]time.Duration, error) {
	out, err := runBench(ctx, pattern, pkg, flags...)
	if err != nil {
		return nil, err
	}
	best := map[string]time.Duration{}
	for _, m := range benchLine.FindAllStringSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		if old, seen := best[m[1]]; !seen || time.Duration(ns) < old {
			best[m[1]] = time.Duration(ns)
		}
	}
	times := make([]time.Duration, len(names))
	for i, name := range names {
		if times[i] = best["Benchmark"+name]; times[i] == 0 {
			return nil, fmt.Errorf("benchmark %s: no figure of %s in\n%s", pkg, name, out)
		}
	}
	return times, nil
}

func runBench(ctx context.Context, pattern, pkg string, flags ...string) (string, error) {
	args := append([]string{"test", "-run", "^$", "-bench", pattern}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("benchmark %s: %w\n%s", pkg, err, out)
	}
	return string(out), nil
}

// goMetrics runs one benchmark several times and gives all figures it reports,
// by unit.
func goMetrics(ctx context.Context, pattern, pkg string, flags ...string) (map[string][]float64, error) {
	out, err := runBench(ctx, pattern, pkg, flags...)
	if err != nil {
		return nil, err
	}
	all := map[string][]float64{}
	for _, line := range benchLine.FindAllString(out, -1) {
		for _, m := range benchMetric.FindAllStringSubmatch(line, -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return nil, err
			}
			all[m[2]] = append(all[m[2]], v)
		}
	}
	return all, nil
}

// measureWorkbook runs the benchmark beside the workbook's code: its floor
// writes the same cells and styles with the library alone, in turn with ours.
func measureWorkbook(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	m, err := goMetrics(ctx, "^BenchmarkTenderAgainstRaw$", "./internal/workbook", "-benchtime", "40x", "-count", "3")
	if err != nil {
		return nil, err
	}
	for _, unit := range []string{"tender-ns", "raw-ns", "tender-peak-B", "raw-peak-B"} {
		if len(m[unit]) == 0 {
			return nil, fmt.Errorf("benchmark of workbooks: no figure in %s", unit)
		}
	}
	ratios := make([]float64, len(m["tender-ns"]))
	for i := range ratios {
		ratios[i] = m["tender-ns"][i] / m["raw-ns"][i]
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	peak, floor := slices.Max(m["tender-peak-B"]), slices.Max(m["raw-peak-B"])
	memory := peak / floor
	ms := func(ns []float64) string { return fmt.Sprintf("%.1f ms", slices.Min(ns)/1e6) }
	mb := func(b float64) string { return fmt.Sprintf("%.1f MB", b/1e6) }
	return []row{
		{"tender workbook, 500 rows, 20 bidders", ms(m["tender-ns"]), "raw excelize " + ms(m["raw-ns"]), fmt.Sprintf("%.2f", ratio), "≤ 1.25", ratio <= 1.25},
		{"its peak memory", mb(peak), "raw excelize " + mb(floor), fmt.Sprintf("%.2f", memory), "≤ 1.5", memory <= 1.5},
	}, nil
}

var memoryLine = regexp.MustCompile(`comparison of 20000 answers: (\d+) ms, peak (\d+) MB, data alone (\d+) MB`)

// measureComparison runs the test beside the workbook's code that writes the
// comparison of 20 bidders and 1,000 requirements in a process of its own. Its
// floor is a process that has the answers in memory and writes nothing.
func measureComparison(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-count", "1", "-run", "^TestLargeComparisonTakesLittleMemory$", "-v", "./internal/workbook")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	m := memoryLine.FindSubmatch(out)
	if m == nil {
		return nil, errors.Join(err, fmt.Errorf("measure comparison: no figure in\n%s", out))
	}
	peak, err := strconv.Atoi(string(m[2]))
	if err != nil {
		return nil, fmt.Errorf("measure comparison: %w", err)
	}
	floor, err := strconv.Atoi(string(m[3]))
	if err != nil {
		return nil, fmt.Errorf("measure comparison: %w", err)
	}
	return []row{{
		"comparison workbook, 1,000 requirements × 20 bidders, peak memory", fmt.Sprintf("%d MB in %s ms", peak, m[1]), fmt.Sprintf("the answers alone %d MB", floor),
		fmt.Sprintf("%.2f", float64(peak)/float64(floor)), "< 150 MB", peak < 150,
	}}, nil
}

// measureBulk has a list of 10,000 suppliers checked among 100,000, from upload
// to result. Its floor reads the same file and writes it with the same added
// cells with the library alone.
func measureBulk(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	times, err := goBench(ctx, "^BenchmarkBulk$", "./internal/bulkcheck", []string{"Bulk/check", "Bulk/floor", "Bulk/floor-without-links"}, "-benchtime", "5x")
	if err != nil {
		return nil, err
	}
	ratio := float64(times[0]) / float64(times[1])
	sec := func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
	return []row{
		{"check of a list, 10,000 of 100,000 suppliers", sec(times[0]), "raw excelize, same cells and links " + sec(times[1]), fmt.Sprintf("%.2f", ratio), "≤ 1.5", ratio <= 1.5},
		{"  the same", sec(times[0]), "raw excelize without the links " + sec(times[2]), fmt.Sprintf("%.2f", float64(times[0])/float64(times[2])), "—", true},
	}, nil
}

// measureOwn fills in a body's own workbook of 2,000 rows, from the check at the
// door to the bytes that are sent, and reads a filled tender workbook of 1,000
// rows back. The floor does the same with the library alone: it opens the file,
// sets the same cells and saves it, or reads its rows.
func measureOwn(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	fill, err := goBench(ctx, "^BenchmarkFill$", "./internal/workbook/own", []string{"Fill/ours", "Fill/excelize"}, "-benchtime", "10x", "-count", "3")
	if err != nil {
		return nil, err
	}
	read, err := goBench(ctx, "^BenchmarkReadBack$", "./internal/workbook", []string{"ReadBack/ours", "ReadBack/excelize"}, "-benchtime", "10x", "-count", "3")
	if err != nil {
		return nil, err
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
	against := func(what string, times []time.Duration, most float64) row {
		ratio := float64(times[0]) / float64(times[1])
		return row{what, ms(times[0]), "raw excelize " + ms(times[1]), fmt.Sprintf("%.2f", ratio), fmt.Sprintf("≤ %.1f", most), ratio <= most}
	}
	return []row{against("fill of a 2,000-row own workbook", fill, 1.5), against("read back of 1,000 filled rows", read, 1.3)}, nil
}

// measureCertificate verifies bundles that were signed with an enterprise
// certificate, on one core: issuers known, revocation answered from memory. The
// floor checks signature and statement with the key alone.
func measureCertificate(ctx context.Context, _ string, _ time.Duration) ([]row, error) {
	const name = "CertificateVerify/"
	times, err := goBench(ctx, "^BenchmarkCertificateVerify$/^(floor|revocation_from_memory)$", "./internal/signing",
		[]string{name + "floor", name + "revocation_from_memory"}, "-cpu", "1", "-count", "3")
	if err != nil {
		return nil, err
	}
	rate := func(d time.Duration) float64 { return float64(time.Second) / float64(d) }
	floor, got := rate(times[0]), rate(times[1])
	return []row{{
		"enterprise certificate, RSA-3072, 45 answers, 1 core", fmt.Sprintf("%.0f/s", got), fmt.Sprintf("raw signature and statement check %.0f/s", floor),
		fmt.Sprintf("%.2f", got/floor), "≥ 3000/s, or ≥ 0.7 on a slower core", got >= 3000 || got/floor >= 0.7,
	}}, nil
}
