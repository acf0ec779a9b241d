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

// measureVerify verifies a bundle with its receipt, by our command and by
// stock cosign, each as a process of its own and in turn. Both check signature,
// statement, inclusion and checkpoint, and ask nobody.
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
	dir, err := os.MkdirTemp("", "felleskrav-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if err := verifyFiles(ctx, binary, dir); err != nil {
		return nil, err
	}
	const media = "urn:felleskrav:attestation:supplier-declaration:v1"
	ours := func() (time.Duration, error) {
		return timed(ctx, dir, binary, "attest", "verify", "--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.pub", "--key", "key.pem")
	}
	theirs := func() (time.Duration, error) {
		return timed(ctx, dir, cosign, "verify-blob-attestation", "--key", "key.pem", "--bundle", "bundle.json", "--trusted-root", "root.json", "--type", media, "service")
	}
	const runs = 21
	var a, b []time.Duration
	for i := range runs + 1 {
		x, err := ours()
		if err != nil {
			return nil, err
		}
		y, err := theirs()
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first pair reads the programs from the disk
			a, b = append(a, x), append(b, y)
		}
	}
	x, y := median(a), median(b)
	ratio := float64(x) / float64(y)
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
	return []row{{
		fmt.Sprintf("offline verification, whole process, median of %d", runs), ms(x), "cosign " + ms(y),
		fmt.Sprintf("%.2f", ratio), "≤ 0.5", ratio <= 0.5,
	}}, nil
}

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
	p, err := start(ctx, "/readyz", binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", data)
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
