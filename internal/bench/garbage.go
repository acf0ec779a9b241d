package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/bench/garbage"
)

const (
	// garbageRate is how many requests of garbage are sent a second, and
	// garbageLasts for how long at least.
	garbageRate  = 10_000
	garbageLasts = 20 * time.Second
	// garbageMemory is the most a server may hold under it, in bytes.
	garbageMemory = 256 << 20
)

// measureGarbage sends garbage to a server with its ordinary limits.
func measureGarbage(ctx context.Context, binary string, seconds time.Duration) (_ []row, err error) {
	dir, err := os.MkdirTemp("", "felleskrav-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	p, err := start(ctx, "/readyz", binary, "serve", "--quiet", "--listen", "127.0.0.1:0", "--data-dir", dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	out, err := exec.CommandContext(ctx, binary, "token", "create", "--org", supplier, "--role", "supplier", "--data-dir", dir).Output()
	if err != nil {
		return nil, fmt.Errorf("create token: %w", err)
	}
	r, err := garbage.Load{
		Base: p.base, Rate: garbageRate, Connections: many, HalfOpen: 200, Lasts: max(seconds, garbageLasts),
		Token: strings.TrimSpace(string(out)), Path: "/api/v1/requirements", Resident: p.resident,
	}.Run(ctx)
	if err != nil {
		return nil, err
	}
	if r.Reason != "" {
		fmt.Fprintln(os.Stderr, "bench: in earnest:", r.Reason)
	}
	var statuses []string
	for status, n := range r.Answered {
		statuses = append(statuses, fmt.Sprintf("%d: %d", status, n))
	}
	slices.Sort(statuses)
	mb := float64(r.Memory) / (1 << 20)
	slowest := time.Duration(0)
	if n := len(r.Health); n > 0 {
		slowest = r.Health[n-1]
	}
	return []row{
		{"garbage sent (" + strings.Join(statuses, ", ") + ")", fmt.Sprintf("%.0f/s for %s", r.Rate(), r.Took.Round(time.Second)), fmt.Sprintf("%d/s", garbageRate), "", noTarget, true},
		{"  memory at most", fmt.Sprintf("%.0f MB", mb), "", "", "< 256 MB", r.Memory < garbageMemory},
		{"  /healthz", fmt.Sprintf("p99 %s, slowest %s, %d of %d failed", r.P99().Round(100*time.Microsecond), slowest.Round(100*time.Microsecond), r.Unhealthy, len(r.Health)),
			"", "", "p99 < 100ms", r.P99() < 100*time.Millisecond && r.Unhealthy == 0},
		{"  a token in earnest, 10/s", fmt.Sprintf("%d of %d answered 200", r.Earnest-r.Refused, r.Earnest), "", "", "all", r.Refused == 0 && r.Earnest > 0},
	}, nil
}
