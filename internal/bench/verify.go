package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"felleskrav/internal/signing"
)

// measureVerify verifies a bundle with its receipt, by the program for
// auditors, by the same command of the one binary and by stock cosign, each as a
// process of its own and in turn. All check signature, statement, inclusion and
// checkpoint, and ask nobody. The budget is the auditors' program's; the one
// binary takes most of its time to set up what it serves with.
func measureVerify(ctx context.Context, binary string, _ time.Duration) (_ []row, err error) {
	cosign := os.Getenv("FELLESKRAV_COSIGN")
	if cosign == "" {
		cosign = ".cache/bin/cosign"
	}
	if cosign, err = filepath.Abs(cosign); err != nil {
		return nil, err
	}
	if _, err := os.Stat(cosign); err != nil {
		return nil, fmt.Errorf("%w: run \"make cosign\", or set FELLESKRAV_COSIGN", err)
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	if _, err := os.Stat(verifierOf(binary)); err != nil {
		return nil, fmt.Errorf("%w: run \"make build\"", err)
	}
	dir, err := os.MkdirTemp("", "felleskrav-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if err := verifyFiles(ctx, binary, dir); err != nil {
		return nil, err
	}
	const media = "urn:felleskrav:attestation:supplier-declaration:v1"
	flags := []string{"--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.pub", "--key", "key.pem"}
	programs := [][]string{
		append([]string{verifierOf(binary)}, flags...),
		append([]string{binary, "attest", "verify"}, flags...),
		{cosign, "verify-blob-attestation", "--key", "key.pem", "--bundle", "bundle.json", "--trusted-root", "root.json", "--type", media, "service"},
	}
	const runs = 21
	times := make([][]time.Duration, len(programs))
	for i := range runs + 1 {
		for j, program := range programs {
			took, err := timed(ctx, dir, program[0], program[1:]...)
			if err != nil {
				return nil, err
			}
			if i > 0 { // the first round reads the programs from the disk
				times[j] = append(times[j], took)
			}
		}
	}
	small, one, floor := median(times[0]), median(times[1]), median(times[2])
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
	line := func(what string, d time.Duration) row {
		return row{
			what: fmt.Sprintf("offline verification, %s, whole process, median of %d", what, runs), measured: ms(d), floor: "cosign " + ms(floor),
			ratio: fmt.Sprintf("%.2f", float64(d)/float64(floor)), target: noTarget, ok: true,
		}
	}
	budget := line(filepath.Base(verifierOf(binary)), small)
	budget.target, budget.ok = "≤ 0.5", 2*small <= floor
	return []row{budget, line("felleskrav attest verify", one)}, nil
}

// verifierOf is the program for auditors, which is built beside the one binary.
func verifierOf(binary string) string { return binary + "-verify" }

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// timed runs a command in dir and says how long it took.
func timed(ctx context.Context, dir, name string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// Whatever it tries to fetch fails at once.
	cmd.Env = append(os.Environ(), "LANG=C", "HOME="+dir, "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return took, nil
}

// verifyFiles has a server take in a declaration and puts all that a verifier
// needs into dir. The server is gone when it returns.
func verifyFiles(ctx context.Context, binary, dir string) (err error) {
	data := filepath.Join(dir, "data")
	p, err := start(ctx, "/readyz", binary, "serve", "--rate-limits=off", "--listen", "127.0.0.1:0", "--data-dir", data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	b := &bench{process: p}
	if err := b.prepare(ctx, binary, data); err != nil {
		return err
	}
	_, bundle, err := b.handIn(ctx, load{clients: few, lasts: 200 * time.Millisecond}) // a log with some entries
	if err != nil {
		return err
	}
	parsed, err := signing.ParseBundle(bundle)
	if err != nil {
		return err
	}
	public, err := signing.PublicOf(b.key)
	if err != nil {
		return err
	}
	one := attestations + "/" + signing.Digest(parsed.Payload)
	files := map[string][]byte{"key.pem": []byte(public.PEM)}
	for name, path := range map[string]string{
		"bundle.json": one + "/bundle?format=key", "receipt.json": one + "/receipt", "log.pub": "/log/key",
		"root.json": "/log/trusted_root.json", "service": "/api/v1/offerings/" + b.offering + "/descriptor",
	} {
		var content []byte
		if err := b.call(ctx, http.MethodGet, path, nil, &content); err != nil {
			return err
		}
		files[name] = content
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
