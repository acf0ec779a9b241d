package keyless_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"pgregory.net/rapid"

	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/keyless/keylesstest"
)

// sameAs fails unless an accepted bundle holds what the good one does: it may differ in spelling alone.
func sameAs(t interface{ Fatalf(string, ...any) }, good, accepted []byte) {
	want, wantLeaf, err := keyless.Parse(good)
	if err != nil {
		t.Fatalf("good bundle: %v", err)
	}
	got, leaf, err := keyless.Parse(accepted)
	if err != nil {
		t.Fatalf("accepted, but does not parse: %v", err)
	}
	if !bytes.Equal(got.Payload, want.Payload) || !bytes.Equal(got.Signature, want.Signature) || !leaf.Equal(wantLeaf) {
		t.Fatalf("accepted: %s", accepted)
	}
}

func FuzzVerifyStatement(f *testing.F) {
	// Keys differ from run to run, so what a corpus holds is refused for its log; the seeds lead further in.
	a := keylesstest.New(f, start)
	payload := statementOf(1)
	good := a.Sign(f, payload, issuer, person)
	v := verifier(f, a.TrustedRoot(f))
	for _, c := range both(f, a, func(options ...keylesstest.Option) []byte { return a.Sign(f, payload, issuer, person, options...) }) {
		if len(c.bundle) < 1<<14 {
			f.Add(c.bundle)
		}
	}
	vs, err := ca.NewVirtualSigstore()
	if err != nil {
		f.Fatal(err)
	}
	entity, err := vs.AttestAtTime(person, issuer, payload, time.Now().Add(time.Minute), true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	v1 := virtualBundle(f, vs, entity, nil)
	f.Add(v1)
	ofV1 := verifier(f, virtualRoot(f, vs))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := v.VerifyStatement(data, payload); err == nil {
			sameAs(t, good, data)
		}
		if _, err := ofV1.VerifyStatement(data, payload); err == nil {
			sameAs(t, v1, data)
		}
	})
}

// Edits that leave most of a bundle whole get past the reading of it more often than what a fuzzer makes.
func TestEditedBundles(t *testing.T) {
	a := keylesstest.New(t, start)
	payload := statementOf(1)
	good := compact(a.Sign(t, payload, issuer, person))
	v := verifier(t, a.TrustedRoot(t))
	rapid.Check(t, func(rt *rapid.T) {
		data := bytes.Clone(good)
		for range rapid.IntRange(1, 3).Draw(rt, "edits") {
			at := rapid.IntRange(0, len(data)-1).Draw(rt, "at")
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				data[at] = rapid.Byte().Draw(rt, "byte")
			case 1:
				data = append(data[:at], data[min(at+rapid.IntRange(1, 8).Draw(rt, "cut"), len(data)):]...)
			case 2:
				insert := rapid.SampledFrom([]string{" ", "\n", `"`, "A", "=", ",", "{}", "null", `"a":1,`, "\\u0041"}).Draw(rt, "insert")
				data = append(data[:at:at], append([]byte(insert), data[at:]...)...)
			}
		}
		if _, err := v.VerifyStatement(data, payload); err == nil {
			sameAs(rt, good, data)
		}
	})
}

// Every value of a bundle, at any depth, is missing once and something else a few times. What then still reads as
// a bundle must not upset sigstore-go.
func TestValuesMissing(t *testing.T) {
	vs, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	payload := statementOf(1)
	entity, err := vs.AttestAtTime(person, issuer, payload, time.Now().Add(time.Minute), true)
	if err != nil {
		t.Fatal(err)
	}
	a := keylesstest.New(t, start)
	for name, c := range map[string]struct{ root, bundle []byte }{
		"v1": {virtualRoot(t, vs), virtualBundle(t, vs, entity, nil)},
		"v2": {a.TrustedRoot(t), a.Sign(t, payload, issuer, person)},
	} {
		v := verifier(t, c.root)
		var doc any
		if err := json.Unmarshal(c.bundle, &doc); err != nil {
			t.Fatal(err)
		}
		tried, accepted := 0, 0
		try := func() {
			data, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if _, err := v.VerifyStatement(data, payload); err == nil {
				accepted++
				sameAs(t, c.bundle, data)
			}
		}
		others := []any{nil, "", "AAAA", "0", "7", map[string]any{}, []any{}}
		var walk func(at any)
		walk = func(at any) {
			switch at := at.(type) {
			case map[string]any:
				for key, value := range at {
					delete(at, key)
					try()
					for _, at[key] = range others {
						try()
					}
					at[key] = value
					walk(value)
				}
			case []any:
				for i, value := range at {
					for _, at[i] = range others {
						try()
					}
					at[i] = value
					walk(value)
				}
			}
		}
		walk(doc)
		// An entry of v1 is good without its index 0, either kind without a second proof of time, and so on.
		if tried < 150 || accepted == 0 || accepted > tried/4 {
			t.Errorf("%s: accepted %d of %d", name, accepted, tried)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	a := keylesstest.New(b, start)
	v := verifier(b, a.TrustedRoot(b))
	message := []byte("utfordring 7f3a")
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bundles/s")
		})
	}
	for name, answers := range map[string]int{"statement of 45 answers": 45, "statement of 400 answers": 400} {
		payload := statementOf(answers)
		data := a.Sign(b, payload, issuer, person)
		run(name, func() error { _, err := v.VerifyStatement(data, payload); return err })
	}
	blob := a.SignBlob(b, message, issuer, person)
	run("message", func() error { _, err := v.VerifyBlob(blob, message); return err })
}
