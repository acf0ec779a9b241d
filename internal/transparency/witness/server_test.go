package witness_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	formats "github.com/transparency-dev/formats/log"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"felleskrav/internal/transparency"
	"felleskrav/internal/transparency/witness"
)

// post makes a call and wants the status; it returns the answer.
func (r *running) post(t testing.TB, status int, text string) string {
	t.Helper()
	res, err := http.Post(r.URL+"/add-checkpoint", "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("answered %d %q, want %d, to:\n%s", res.StatusCode, answer, status, text)
	}
	if kind := res.Header.Get("Content-Type"); status == http.StatusConflict && kind != "text/x.tlog.size" {
		t.Errorf("a size comes as %s", kind)
	}
	return string(answer)
}

// cosigned checks an answer by somebody else's reader of cosignatures.
func (r *running) cosigned(t testing.TB, h *history, size int64, answer string) {
	t.Helper()
	v, err := cosignature.NewVerifierForCosignatureV1(r.key.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	signed := slices.Concat(h.checkpoints[size], []byte(answer))
	c, _, n, err := formats.ParseCheckpoint(signed, origin, h.signer.Verifier(), v)
	if err != nil || len(n.Sigs) != 2 || c.Size != uint64(size) || len(n.UnverifiedSigs) != 0 {
		t.Fatalf("checkpoint of %d cosigned with %q: %+v, %+v, %v", size, answer, c, n, err)
	}
	if made, err := cosignature.CoSigV1Timestamp(n.Sigs[1]); err != nil || !made.Equal(at) {
		t.Errorf("cosigned at %s, %v", made, err)
	}
}

// The protocol, call by call: a witness that stands at 5 of 12.
func TestAddCheckpoint(t *testing.T) {
	signer, stranger := signerOf(t, origin, 1), signerOf(t, origin, 2)
	honest := newHistory(t, signer, "honest", 9, 12)
	forked := newHistory(t, signer, "forked", 4, 14)
	late := newHistory(t, signer, "late", 9, 12)
	foreign := newHistory(t, stranger, "honest", 9, 12)
	elsewhere := newHistory(t, signerOf(t, "other.example", 1), "honest", 9, 12)
	proof, err := honest.ConsistencyProof(t.Context(), 5, 12)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(proof)
	changed[1][7]++
	long := slices.Repeat(proof[:1], 64)
	empty, err := note.Sign(&note.Note{Text: origin + "\n0\n" + tlog.Hash(sha256.Sum256([]byte("x"))).String() + "\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	nonsense, err := note.Sign(&note.Note{Text: origin + "\nmany\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	two, err := note.Sign(&note.Note{Text: string(bytes.SplitAfter(honest.checkpoints[12], []byte("=\n"))[0])}, signer, stranger)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		body   string
		status int
		answer string // for 409
		at     int64  // where the witness stands after it
	}{
		{"grown", honest.call(5, 12), 200, "", 12},
		{"by one", honest.call(5, 6), 200, "", 6},
		{"the same again", honest.call(5, 5), 200, "", 5},
		{"with another signature too", body(5, proof, two), 200, "", 12},
		{"another end that it has not seen", late.call(5, 12), 200, "", 12},
		{"nothing known of it", honest.call(0, 12), 409, "5\n", 5},
		{"a stale size", honest.call(4, 12), 409, "5\n", 5},
		{"a size ahead", honest.call(7, 12), 409, "5\n", 5},
		{"shrunk", honest.call(3, 3), 409, "5\n", 5},
		{"shrunk, from here", body(5, nil, honest.checkpoints[3]), 400, "", 5},
		{"shrunk to nothing", body(0, nil, honest.checkpoints[0]), 409, "5\n", 5},
		{"another tree of the same size", body(5, nil, forked.checkpoints[5]), 409, "5\n", 5},
		{"another history", forked.call(5, 14), 422, "", 5},
		{"another history, proved by the honest one", body(5, proof, forked.checkpoints[12]), 422, "", 5},
		{"a wrong proof", body(5, changed, honest.checkpoints[12]), 422, "", 5},
		{"half a proof", body(5, proof[:1], honest.checkpoints[12]), 422, "", 5},
		{"no proof", body(5, nil, honest.checkpoints[12]), 422, "", 5},
		{"too much proof", body(5, append(slices.Clone(proof), proof[0]), honest.checkpoints[12]), 422, "", 5},
		{"a proof where none is needed", body(5, proof, honest.checkpoints[5]), 422, "", 5},
		{"a log it does not know", elsewhere.call(5, 12), 404, "", 5},
		{"another's key", foreign.call(5, 12), 403, "", 5},
		{"a changed checkpoint", strings.Replace(honest.call(5, 12), "\n12\n", "\n13\n", 1), 403, "", 5},
		{"signed, and no checkpoint", body(5, nil, nonsense), 400, "", 5},
		{"no signature", body(5, proof, two[:bytes.Index(two, []byte("—"))]), 400, "", 5},
		{"an impossible empty tree", body(0, nil, empty), 409, "5\n", 5},
		{"nothing", "", 400, "", 5},
		{"no old size", "\n" + string(honest.checkpoints[12]), 400, "", 5},
		{"old with zeros", strings.Replace(honest.call(5, 12), "old 5", "old 05", 1), 400, "", 5},
		{"negative", strings.Replace(honest.call(5, 12), "old 5", "old -5", 1), 400, "", 5},
		{"carriage returns", strings.ReplaceAll(honest.call(5, 12), "\n", "\r\n"), 400, "", 5},
		{"not a hash", strings.Replace(honest.call(5, 12), proof[0].String(), "AAAA", 1), 400, "", 5},
		{"64 hashes", body(5, long, honest.checkpoints[12]), 400, "", 5},
		{"63 hashes", body(5, long[:63], honest.checkpoints[12]), 422, "", 5},
		{"too long", honest.call(5, 12) + strings.Repeat("x", 64<<10), 413, "", 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, key := t.TempDir(), newKey(t, "witness.example/w")
			r := serve(t, key, dir, signer.Verifier())
			r.cosigned(t, honest, 5, r.post(t, 200, honest.call(0, 5)))
			answer := r.post(t, c.status, c.body)
			if c.status == 409 && answer != c.answer {
				t.Errorf("answered %q, want %q", answer, c.answer)
			}
			if c.status == 200 {
				h := honest
				if strings.HasPrefix(c.name, "another end") {
					h = late
				}
				r.cosigned(t, h, c.at, answer)
			}
			// What it remembers is the same now and in a new process.
			for range 2 {
				if got, want := r.post(t, 409, honest.call(1, 12)), fmt.Sprintf("%d\n", c.at); got != want {
					t.Fatalf("stands at %q, want %q", got, want)
				}
				r.stop()
				r = serve(t, key, dir, signer.Verifier())
			}
		})
	}
}

// Calls at the same time: whatever order they come in, the witness never goes back.
func TestAddCheckpointAtOnce(t *testing.T) {
	signer := signerOf(t, origin, 1)
	h := newHistory(t, signer, "", 40, 40)
	r := serve(t, newKey(t, "w"), t.TempDir(), signer.Verifier())
	var bodies []string
	for size := int64(1); size <= 40; size++ {
		for old := range size {
			if size-old <= 3 {
				bodies = append(bodies, h.call(old, size))
			}
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	most := 0
	for range 8 {
		wg.Go(func() {
			for _, text := range bodies {
				res, err := http.Post(r.URL+"/add-checkpoint", "text/plain", strings.NewReader(text))
				if err != nil {
					t.Error(err)
					return
				}
				answer, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusConflict {
					t.Errorf("answered %d", res.StatusCode)
				}
				if res.StatusCode == http.StatusConflict {
					var size int
					if _, err := fmt.Sscan(string(answer), &size); err != nil {
						t.Error(err)
					}
					mu.Lock()
					most = max(most, size)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if got := r.post(t, 409, h.call(0, 40)); got != "40\n" || most > 40 {
		t.Errorf("stands at %q", got)
	}
}

func TestServerPages(t *testing.T) {
	signer := signerOf(t, origin, 1)
	r := serve(t, newKey(t, "witness.example/w"), t.TempDir(), signer.Verifier())
	for _, c := range []struct {
		method, path string
		status       int
		holds        string
	}{
		{"GET", "/", 200, r.key.VerifierKey()}, {"GET", "/", 200, origin + " 0\n"}, {"GET", "/add-checkpoint", 405, ""},
		{"POST", "/", 405, ""}, {"GET", "/other", 404, ""}, {"POST", "/add-checkpoint/", 404, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, r.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(text), c.holds) || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %d %q", c.method, c.path, res.StatusCode, text)
		}
	}
}

// What a witness remembers is not to be lost without a word.
func TestServerRefusesToOpen(t *testing.T) {
	signer := signerOf(t, origin, 1)
	key, h := newKey(t, "w"), newHistory(t, signer, "", 3, 3)
	dir := t.TempDir()
	config := witness.Config{Signer: key, Logs: []note.Verifier{signer.Verifier()}, Dir: dir}
	first, err := witness.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := witness.NewServer(config); err == nil {
		t.Error("two witnesses share a folder")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	r := serve(t, key, dir, signer.Verifier())
	r.post(t, 200, h.call(0, 3))
	r.stop()
	files, err := filepath.Glob(filepath.Join(dir, "*.checkpoint"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the folder has %v, %v", files, err)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil || !bytes.Equal(kept, h.checkpoints[3]) {
		t.Fatalf("kept %q, %v", kept, err)
	}
	for _, data := range [][]byte{{}, kept[:20], bytes.Replace(kept, []byte("\n3\n"), []byte("\n2\n"), 1)} {
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := witness.NewServer(config); err == nil {
			t.Errorf("opens with %q in the place of the checkpoint", data)
		}
	}
	// A log that has got a new key keeps its old one beside it until the witness has seen the new.
	if err := os.WriteFile(files[0], kept, 0o600); err != nil {
		t.Fatal(err)
	}
	renewed := signerOf(t, origin, 2)
	r = serve(t, key, dir, renewed.Verifier(), signer.Verifier())
	r.post(t, 200, newHistory(t, renewed, "", 5, 5).call(3, 5))
	r.stop()
	r = serve(t, key, dir, renewed.Verifier())
	if got := r.post(t, 409, newHistory(t, renewed, "", 5, 5).call(0, 5)); got != "5\n" {
		t.Errorf("with the new key the witness stands at %q", got)
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "witness.key")
	made, err := witness.LoadOrCreateKey(file, "witness.example/w")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file is %v, %v", info.Mode(), err)
	}
	again, err := witness.LoadOrCreateKey(file, "another name")
	if err != nil || again.VerifierKey() != made.VerifierKey() {
		t.Errorf("the key reads back as another: %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody else's signer takes the key for the same, and ours verifies what it signs.
	other, err := cosignature.NewSignerForCosignatureV1(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := witness.ParseVerifier(made.VerifierKey())
	if err != nil || v.KeyHash() != other.KeyHash() || v.Name() != other.Name() {
		t.Fatalf("keys differ: %v", err)
	}
	message := []byte(origin + "\n1\n" + tlog.Hash{}.String() + "\n")
	sig, err := other.Sign(message)
	if err != nil || !v.Verify(message, sig) {
		t.Errorf("our verifier does not take another's cosignature: %v", err)
	}
	plain := signerOf(t, "witness.example/w", 1).VerifierKey()
	if _, err := witness.ParseVerifier(plain); err != nil {
		t.Errorf("a plain Ed25519 key: %v", err)
	}
	_, dilithium, err := cosignature.GenerateMLDSAKey("pq.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := witness.ParseVerifier(dilithium); err != nil {
		t.Errorf("an ML-DSA-44 key: %v", err)
	}
	vkey := made.VerifierKey()
	for _, bad := range []string{"", "x", "a+b", "a+00000000+AAAA", vkey[:len(vkey)-4], strings.Replace(vkey, "witness", "Witness", 1), string(text)} {
		if _, err := witness.ParseVerifier(bad); err == nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("ParseVerifier(%.20q): %v", bad, err)
		}
		for _, address := range []string{"", "=", "=ftp://x", "=http://", "=https://u:p@h", "=https://h?q", "=https://h#f", "=http:// "} {
			if _, err := witness.ParseClient(vkey + address); err == nil {
				t.Errorf("ParseClient(VKEY%s) is accepted", address)
			}
		}
	}
	for _, bad := range []string{"", vkey, strings.Replace(string(text), "witness", "Witness", 1), "PRIVATE+KEY+a+00000000+AAAA"} {
		if _, err := witness.ParseSigner(bad); err == nil {
			t.Errorf("ParseSigner(%.20q) is accepted", bad)
		}
	}
	for _, name := range []string{"", "two words", "a+b", strings.Repeat("n", 201)} {
		if _, err := witness.GenerateKey(name); err == nil {
			t.Errorf("name %.20q is accepted", name)
		}
	}
}

func TestWitnessed(t *testing.T) {
	signer := signerOf(t, origin, 1)
	h := newHistory(t, signer, "", 3, 3)
	signed := h.checkpoints[3]
	text := string(signed[:bytes.Index(signed, []byte("\n\n"))+1])
	one, two, three := newKey(t, "w1"), newKey(t, "w2"), newKey(t, "w3")
	var keys []note.Verifier
	for _, k := range []*witness.Signer{two, one} {
		v, err := witness.ParseVerifier(k.VerifierKey())
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, v)
	}
	with := func(lines ...string) []byte { return slices.Concat(signed, []byte(strings.Join(lines, ""))) }
	other := strings.Replace(text, "\n3\n", "\n2\n", 1)
	for name, c := range map[string]struct {
		signed  []byte
		quorum  int
		names   string
		refused bool
	}{
		"by both":                 {with(two.Cosign(text, at), one.Cosign(text, at)), 2, "w1 w2", false},
		"by one of two":           {with(one.Cosign(text, at)), 1, "w1", false},
		"by too few":              {with(one.Cosign(text, at)), 2, "w1", true},
		"twice by one":            {with(one.Cosign(text, at), one.Cosign(text, at.Add(1e9))), 2, "w1", true},
		"by a stranger":           {with(three.Cosign(text, at)), 1, "", true},
		"by a stranger and by us": {with(three.Cosign(text, at), two.Cosign(text, at)), 1, "w2", false},
		"by none":                 {signed, 0, "", false},
		"of another tree":         {with(one.Cosign(other, at)), 1, "", true},
		"not by the log":          {[]byte(text + "\n" + one.Cosign(text, at)), 1, "", true},
	} {
		cp, by, err := witness.Witnessed(c.signed, signer.Verifier(), keys, c.quorum)
		if (err != nil) != c.refused || err != nil && !errors.Is(err, transparency.ErrVerification) {
			t.Errorf("%s: %v", name, err)
		}
		var names []string
		for _, b := range by {
			names = append(names, b.Witness)
			if !b.At.Equal(at) {
				t.Errorf("%s: cosigned at %s", name, b.At)
			}
		}
		if strings.Join(names, " ") != c.names || err == nil && cp.Size != 3 {
			t.Errorf("%s: cosigned by %v, size %d", name, names, cp.Size)
		}
	}
}
