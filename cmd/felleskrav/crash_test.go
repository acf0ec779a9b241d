package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

// bundles signs n statements that differ in the first answer's words.
func (d *door) bundles(n int) [][]byte {
	d.t.Helper()
	key, err := signing.ParsePrivateKey(d.read("supplier.key"))
	if err != nil {
		d.t.Fatal(err)
	}
	out := make([][]byte, n)
	for i := range out {
		payload := bytes.Replace(d.statement, []byte("Oppfylt i dagens leveranse."), fmt.Appendf(nil, "Oppfylt, utgave %d.", i), 1)
		if out[i], err = signing.SignBundle(d.t.Context(), key, payload); err != nil {
			d.t.Fatal(err)
		}
	}
	return out
}

// submitAll hands bundles in from clients at the same time and gives the
// receipts of those that were acknowledged. It calls acknowledged after each.
// at gives the server for the i-th, or "" to stop.
func (d *door) submitAll(bundles [][]byte, clients int, at func(i int) string, acknowledged func(n int64)) []attestation.Receipt {
	d.t.Helper()
	var (
		next, count atomic.Int64
		mu          sync.Mutex
		receipts    []attestation.Receipt
		wg          sync.WaitGroup
	)
	for range clients {
		wg.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= len(bundles) {
					return
				}
				base := at(i)
				if base == "" {
					return
				}
				a, err := try(d.t.Context(), http.MethodPost, base+"/api/v1/attestations", d.selling, bundleType, bundles[i])
				if err != nil {
					continue // the server is gone: nothing was acknowledged
				}
				var r attestation.Receipt
				if a.status != http.StatusCreated && a.status != http.StatusOK || json.Unmarshal(a.body, &r) != nil {
					if a.status < 500 {
						d.t.Errorf("submission %d: %d %s", i, a.status, a.body)
					}
					continue
				}
				mu.Lock()
				receipts = append(receipts, r)
				mu.Unlock()
				acknowledged(count.Add(1))
			}
		})
	}
	wg.Wait()
	return receipts
}

// check wants every receipt to hold: by itself, and by what the server says
// of the same declaration now.
func (d *door) check(receipts []attestation.Receipt) {
	t := d.t
	t.Helper()
	verifier, err := transparency.NewVerifier(strings.TrimSpace(string(do(t, http.MethodGet, d.base+"/log/key", "", "", nil).body)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]string{}
	for _, r := range receipts {
		if other, taken := seen[r.Log.Index]; taken && other != r.Attestation {
			t.Fatalf("%s and %s both have index %d", other, r.Attestation, r.Log.Index)
		}
		seen[r.Log.Index] = r.Attestation
		proof, err := publiclog.Proof(r.Log)
		if err != nil {
			t.Fatal(err)
		}
		if err := transparency.VerifyProof(verifier, proof); err != nil {
			t.Fatalf("receipt of %s: %v", r.Attestation, err)
		}
		var now attestation.Receipt
		want(t, http.StatusOK, http.MethodGet, d.base+"/api/v1/attestations/"+r.Attestation+"/receipt", "", "", nil, &now)
		if now.Log.Index != r.Log.Index || !bytes.Equal(now.Log.Body, r.Log.Body) {
			t.Fatalf("%s was acknowledged at index %d and is at %d", r.Attestation, r.Log.Index, now.Log.Index)
		}
	}
}

// TestKill ends the server in the middle of 2,000 submissions. What was
// acknowledged is there afterwards, and the log is whole.
func TestKill(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		d := newDoor(t, store)
		bundles := d.bundles(2000)
		kill := sync.OnceFunc(d.server.kill)
		began := time.Now()
		receipts := d.submitAll(bundles, len(bundles), func(int) string { return d.base }, func(n int64) {
			if n == 300 {
				kill()
			}
		})
		t.Logf("%d of %d acknowledged in %s before the kill", len(receipts), len(bundles), time.Since(began).Round(time.Millisecond))
		if len(receipts) < 300 || len(receipts) == len(bundles) {
			t.Fatalf("%d were acknowledged: the kill was not in the middle", len(receipts))
		}
		again := serve(t, append([]string{"--quiet"}, store...)...)
		d.base = again.base
		d.check(receipts)
		d.run(0, "", "log", "verify", "--server", again.base)
		// Everything goes in at last, also what was stored and not logged.
		rest := d.submitAll(bundles[:400], 16, func(int) string { return again.base }, func(int64) {})
		if len(rest) != 400 {
			t.Errorf("after the restart %d of 400 got in", len(rest))
		}
		d.check(rest[:50])
		d.run(0, "", "log", "verify", "--server", again.base)
	})
}

// TestTwoInstances has two servers share a store: one log, whoever is asked.
func TestTwoInstances(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		d := newDoor(t, store)
		second := serve(t, append([]string{"--quiet"}, store...)...)
		bases := []string{d.base, second.base}
		bundles := d.bundles(200)
		// Each is handed in at both, at about the same time.
		twice := make([][]byte, 0, 2*len(bundles))
		for _, b := range bundles {
			twice = append(twice, b, b)
		}
		receipts := d.submitAll(twice, 16, func(i int) string { return bases[i%2] }, func(int64) {})
		if len(receipts) != len(twice) {
			t.Fatalf("%d of %d were acknowledged", len(receipts), len(twice))
		}
		places := map[string]int64{}
		for _, r := range receipts {
			if at, seen := places[r.Attestation]; seen && at != r.Log.Index {
				t.Fatalf("%s is at %d and at %d", r.Attestation, at, r.Log.Index)
			}
			places[r.Attestation] = r.Log.Index
		}
		if len(places) != len(bundles) {
			t.Errorf("%d declarations became %d", len(bundles), len(places))
		}
		one := do(t, http.MethodGet, bases[0]+"/log/checkpoint", "", "", nil).body
		two := do(t, http.MethodGet, bases[1]+"/log/checkpoint", "", "", nil).body
		if !bytes.Equal(one, two) {
			t.Errorf("two checkpoints:\n%s\n%s", one, two)
		}
		for _, base := range bases {
			d.base = base
			d.check(receipts[:100])
			d.run(0, "", "log", "verify", "--server", base)
		}
	})
}

// TestKillOneOfTwo has two servers share a database and take submissions at
// the same time, and ends one of them again and again. What either has
// acknowledged is there afterwards, once, and the log has only grown.
func TestKillOneOfTwo(t *testing.T) {
	store := mongoStore(t)
	d := newDoor(t, store)
	start := func() *running { return serve(t, append([]string{"--quiet"}, store...)...) }
	var second atomic.Pointer[running]
	second.Store(start())
	d.run(0, "", "log", "checkpoint", "--server", d.base, "-o", "early.checkpoint")

	const kills = 3
	bundles := d.bundles(2500)
	var stop atomic.Bool
	var byServer [2]atomic.Int64
	done := make(chan []attestation.Receipt)
	go func() {
		done <- d.submitAll(bundles, 4, func(i int) string {
			if stop.Load() {
				return ""
			}
			time.Sleep(20 * time.Millisecond) // as many as can be checked afterwards
			byServer[i%2].Add(1)
			return []string{d.server.base, second.Load().base}[i%2]
		}, func(int64) {})
	}()
	for n := range kills {
		time.Sleep(200*time.Millisecond + rand.N(800*time.Millisecond))
		second.Load().kill()
		if n == 1 {
			d.run(0, "", "log", "checkpoint", "--server", d.server.base, "-o", "middle.checkpoint")
		}
		second.Store(start())
	}
	time.Sleep(300 * time.Millisecond)
	stop.Store(true)
	receipts := <-done
	t.Logf("%d acknowledged, of %d and %d handed in at each", len(receipts), byServer[0].Load(), byServer[1].Load())
	if len(receipts) < 50 {
		t.Fatalf("only %d were acknowledged", len(receipts))
	}
	for _, base := range []string{d.server.base, second.Load().base} {
		d.run(0, "", "log", "verify", "--server", base, "--since", "early.checkpoint", "--since", "middle.checkpoint")
	}
	d.base = second.Load().base
	d.check(receipts)
	d.base = d.server.base
	d.check(receipts[:20])
	// The one that was killed is whole again: it takes what is new and knows what is old.
	rest := d.submitAll(bundles[:60], 8, func(int) string { return second.Load().base }, func(int64) {})
	if len(rest) != 60 {
		t.Errorf("after all that, %d of 60 got in", len(rest))
	}
	d.check(rest)
}
