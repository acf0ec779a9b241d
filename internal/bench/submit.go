package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"felleskrav/internal/signing"
)

const (
	supplier = "310911380" // invented
	set      = "skytjenester"
	words    = "Oppfylt i dagens leveranse."
)

// bench is a server with a supplier that is ready to declare.
type bench struct {
	*process
	token    string
	key      crypto.Signer
	offering string
	payload  []byte
	// signed counts the bundles made.
	signed int
}

// measureSubmit hands in declarations of 45 answers, and reads a status.
func measureSubmit(ctx context.Context, binary string, seconds time.Duration) (_ []row, err error) {
	dir, err := os.MkdirTemp("", "felleskrav-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	p, err := start(ctx, "/readyz", binary, "serve", "--rate-limits=off", "--listen", "127.0.0.1:0", "--data-dir", dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	floor, err := start(ctx, "/bytes", self, "-floor")
	if err != nil {
		return nil, err
	}
	defer floor.stop() //nolint:errcheck // it ends by the signal
	b := &bench{process: p}
	if err := b.prepare(ctx, binary, dir); err != nil {
		return nil, err
	}
	submit, err := b.submit(ctx, floor, seconds)
	if err != nil {
		return submit, err
	}
	status, err := b.status(ctx, floor, seconds)
	return append(submit, status...), err
}

// prepare makes token, supplier, key and offering, and a statement.
func (b *bench) prepare(ctx context.Context, binary, dir string) error {
	out, err := exec.CommandContext(ctx, binary, "token", "create", "--org", supplier, "--role", "supplier", "--data-dir", dir).Output()
	if err != nil {
		return fmt.Errorf("create token: %w", err)
	}
	b.token = strings.TrimSpace(string(out))
	if err := b.call(ctx, "PUT", "/api/v1/suppliers/"+supplier, map[string]any{"name": "Måling AS (oppdiktet)"}, nil); err != nil {
		return err
	}
	if b.key, err = signing.GenerateKey(signing.ECDSAP256); err != nil {
		return err
	}
	public, err := signing.PublicOf(b.key)
	if err != nil {
		return err
	}
	var challenge struct {
		ID      string `json:"id"`
		Message []byte `json:"message"`
	}
	if err := b.call(ctx, "POST", "/api/v1/suppliers/"+supplier+"/keys", map[string]any{"pem": public.PEM}, &challenge); err != nil {
		return err
	}
	sig, err := signing.SignMessage(b.key, challenge.Message)
	if err != nil {
		return err
	}
	if err := b.call(ctx, "POST", "/api/v1/suppliers/"+supplier+"/keys/challenges/"+challenge.ID, map[string]any{"signature": sig}, nil); err != nil {
		return err
	}
	var offering struct {
		ID string `json:"id"`
	}
	in := map[string]any{"name": "Måling", "deliveryModels": []string{"saas"}, "regions": []string{"NO"}}
	if err := b.call(ctx, "POST", "/api/v1/suppliers/"+supplier+"/offerings", in, &offering); err != nil {
		return err
	}
	b.offering = offering.ID
	var version struct {
		Requirements []struct {
			ID string `json:"id"`
		} `json:"requirements"`
	}
	if err := b.call(ctx, "GET", "/api/v1/requirement-sets/"+set+"/versions/latest", nil, &version); err != nil {
		return err
	}
	var answers []map[string]string
	for _, r := range version.Requirements {
		answers = append(answers, map[string]string{"requirement": r.ID, "status": "met", "statement": words})
	}
	return b.call(ctx, "POST", "/api/v1/attestations/prepare", map[string]any{"offering": b.offering, "set": set, "answers": answers}, &b.payload)
}

// call sends JSON. out is filled from JSON, or takes the bytes as they are.
func (b *bench) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s\n%s", method, path, res.Status, data)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = data
		return nil
	}
	return json.Unmarshal(data, out)
}

// sign makes n bundles, of which no two made here are the same.
func (b *bench) sign(ctx context.Context, n int) ([][]byte, error) {
	out := make([][]byte, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for worker := range runtime.NumCPU() {
		wg.Go(func() {
			for i := worker; i < n; i += runtime.NumCPU() {
				payload := bytes.Replace(b.payload, []byte(words), fmt.Appendf(nil, "Oppfylt, utgave %d.", b.signed+i), 1)
				out[i], errs[i] = signing.SignBundle(ctx, b.key, payload)
			}
		})
	}
	wg.Wait()
	b.signed += n
	return out, errors.Join(errs...)
}

const attestations = "/api/v1/attestations"

// handIn submits new bundles, as many as the load takes, and gives one.
func (b *bench) handIn(ctx context.Context, l load) (outcome, []byte, error) {
	most := int(l.lasts.Seconds() * 4000)
	if l.every > 0 {
		most = int(l.lasts / l.every)
		l.lasts *= 2 // that late, and no answer is lost
	}
	bundles, err := b.sign(ctx, most)
	if err != nil {
		return outcome{}, nil, err
	}
	out, err := l.run(ctx, b.base, http.StatusCreated, func(i int) []byte {
		if i >= len(bundles) {
			return nil
		}
		return request("POST", b.base, attestations, b.token, signing.MediaType, bundles[i])
	})
	return out, bundles[0], err
}

func (b *bench) submit(ctx context.Context, floor *process, seconds time.Duration) ([]row, error) {
	if _, _, err := b.handIn(ctx, load{clients: few, lasts: 200 * time.Millisecond}); err != nil { // warm up
		return nil, err
	}
	got, bundle, err := b.handIn(ctx, load{clients: few, lasts: seconds})
	if err != nil {
		return nil, err
	}
	if err := put(ctx, floor, got.last); err != nil {
		return nil, err
	}
	plain := request("POST", floor.base, "/bytes", "", signing.MediaType, bundle)
	bare, err := load{clients: few, lasts: seconds}.run(ctx, floor.base, http.StatusCreated, func(int) []byte { return plain })
	if err != nil {
		return nil, err
	}
	verified, err := b.verifications(bundle, time.Second)
	if err != nil {
		return nil, err
	}
	check := fmt.Sprintf("signature and statement check %.0f/s", verified)
	ratio := func(o outcome) string { return fmt.Sprintf("%.3f", o.rate()/verified) }
	rows := []row{
		{"submit 45 answers, durable and logged, 16 clients", got.String(), check, ratio(got), "≥ 500/s, p50 < 25ms", got.rate() >= 500 && got.p50 < 25*time.Millisecond},
		{"  the same", got.String(), fmt.Sprintf("bare gin handler %.0f/s", bare.rate()), fmt.Sprintf("%.3f", got.rate()/bare.rate()), "", true},
	}
	// 64 clients that each ask again at once always wait for 63 others: what
	// they measure is the rate. What one of 64 waits for when they ask 1,000
	// times a second is another question, with a row of its own.
	closed, _, err := b.handIn(ctx, load{clients: many, lasts: seconds})
	if err != nil {
		return rows, err
	}
	open, _, err := b.handIn(ctx, load{clients: many, every: time.Millisecond, lasts: seconds})
	if err != nil {
		return rows, err
	}
	return append(rows,
		row{"  64 clients, closed loop", closed.String(), check, ratio(closed), "≥ 1000/s", closed.rate() >= 1000},
		row{"  64 clients, open loop, 1000/s sent", open.String(), check, ratio(open), "p50 < 30ms", open.p50 < 30*time.Millisecond},
	), nil
}

// verifications is how many bundles one core can check in a second.
func (b *bench) verifications(raw []byte, d time.Duration) (float64, error) {
	public, err := signing.PublicOf(b.key)
	if err != nil {
		return 0, err
	}
	n := 0
	begin := time.Now()
	for time.Since(begin) < d {
		bundle, err := signing.ParseBundle(raw)
		if err != nil {
			return 0, err
		}
		if err := bundle.Verify(public); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

// status reads the status of an offering, and the same bytes from the floor.
func (b *bench) status(ctx context.Context, floor *process, seconds time.Duration) ([]row, error) {
	// An offering in daily use, with a handful of declarations and not the
	// thousands just handed in.
	if err := b.freshOffering(ctx); err != nil {
		return nil, err
	}
	path := "/api/v1/offerings/" + b.offering + "/status?set=" + set
	ask := request("GET", b.base, path, "", "", nil)
	l := load{clients: few, lasts: seconds}
	got, err := l.run(ctx, b.base, http.StatusOK, func(int) []byte { return ask })
	if err != nil {
		return nil, err
	}
	if err := put(ctx, floor, got.last); err != nil {
		return nil, err
	}
	plain := request("GET", floor.base, "/bytes", "", "", nil)
	bare, err := l.run(ctx, floor.base, http.StatusOK, func(int) []byte { return plain })
	if err != nil {
		return nil, err
	}
	ratio := got.rate() / bare.rate()
	return []row{{
		fmt.Sprintf("status GET, %d bytes, 16 clients", len(got.last)),
		fmt.Sprintf("%.0f/s, p50 %s", got.rate(), got.p50.Round(10*time.Microsecond)), fmt.Sprintf("bare gin handler %.0f/s", bare.rate()),
		fmt.Sprintf("%.2f", ratio), "≥ 0.4", ratio >= 0.4,
	}}, nil
}

func (b *bench) freshOffering(ctx context.Context) error {
	var offering struct {
		ID string `json:"id"`
	}
	in := map[string]any{"name": "Måling 2", "deliveryModels": []string{"saas"}, "regions": []string{"NO"}}
	if err := b.call(ctx, "POST", "/api/v1/suppliers/"+supplier+"/offerings", in, &offering); err != nil {
		return err
	}
	b.offering = offering.ID
	var st struct {
		Predicate struct {
			Answers []json.RawMessage `json:"answers"`
		} `json:"predicate"`
	}
	if err := json.Unmarshal(b.payload, &st); err != nil {
		return err
	}
	for range 3 {
		if err := b.call(ctx, "POST", "/api/v1/attestations/prepare", map[string]any{"offering": b.offering, "set": set, "answers": st.Predicate.Answers}, &b.payload); err != nil {
			return err
		}
		bundle, err := signing.SignBundle(ctx, b.key, b.payload)
		if err != nil {
			return err
		}
		if err := b.call(ctx, "POST", "/api/v1/attestations", json.RawMessage(bundle), nil); err != nil {
			return err
		}
		time.Sleep(1100 * time.Millisecond) // a statement's time has whole seconds
	}
	return nil
}

func put(ctx context.Context, floor *process, data []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, floor.base+"/bytes", bytes.NewReader(data))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
