package witness_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/transparency"
	"felleskrav/internal/transparency/witness"
)

const origin = "logg.example.no"

// at is a whole second, as cosignatures have it.
var at = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return at }

// signerOf makes the same key each time.
func signerOf(t testing.TB, name string, seed byte) *transparency.Signer {
	t.Helper()
	s, err := transparency.NewSigner(name, ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+seed)), ed25519.SeedSize))))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// history is a log with all the checkpoints it has had, by size.
type history struct {
	*transparency.Log
	t           testing.TB
	signer      *transparency.Signer
	checkpoints [][]byte
}

// newHistory makes a log of n entries. The first same of them are those of every history, the others its
// own.
func newHistory(t testing.TB, signer *transparency.Signer, name string, same, n int) *history {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	l, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Close()
		_ = store.Close()
	})
	h := &history{Log: l, t: t, signer: signer}
	h.keep()
	for i := range n {
		text := fmt.Sprint("entry ", i)
		if i >= same {
			text = name + " " + text
		}
		h.add(text)
	}
	return h
}

func (h *history) add(text string) {
	h.t.Helper()
	if _, err := h.Append(h.t.Context(), text, []byte(text)); err != nil {
		h.t.Fatal(err)
	}
	h.keep()
}

func (h *history) keep() {
	h.t.Helper()
	c, err := h.Checkpoint(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	h.checkpoints = append(h.checkpoints, c)
}

// call is the body that proves the tree of size from the one of old.
func (h *history) call(old, size int64) string {
	h.t.Helper()
	proof, err := h.ConsistencyProof(h.t.Context(), old, size)
	if err != nil {
		h.t.Fatal(err)
	}
	return body(old, proof, h.checkpoints[size])
}

func body(old int64, proof []transparency.Hash, checkpoint []byte) string {
	text := fmt.Sprintf("old %d\n", old)
	for _, h := range proof {
		text += h.String() + "\n"
	}
	return text + "\n" + string(checkpoint)
}

func newKey(t testing.TB, name string) *witness.Signer {
	t.Helper()
	key, err := witness.GenerateKey(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := witness.ParseSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running is a witness that answers.
type running struct {
	*httptest.Server
	witness *witness.Server
	key     *witness.Signer
}

func serve(t testing.TB, key *witness.Signer, dir string, logs ...note.Verifier) *running {
	t.Helper()
	s, err := witness.NewServer(witness.Config{Signer: key, Logs: logs, Dir: dir, About: "A witness.", Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{httptest.NewServer(s), s, key}
	t.Cleanup(r.stop)
	return r
}

func (r *running) stop() {
	r.Server.Close()
	_ = r.witness.Close() // a second time it is closed already
}

func (r *running) client(t testing.TB) *witness.Client {
	t.Helper()
	c, err := witness.ParseClient(r.key.VerifierKey() + "=" + r.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *running) verifier(t testing.TB) note.Verifier {
	t.Helper()
	v, err := witness.ParseVerifier(r.key.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
