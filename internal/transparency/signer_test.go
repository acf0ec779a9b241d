package transparency_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/transparency"
)

// distant is a key that is kept elsewhere: signing may fail, or give rubbish.
type distant struct {
	ed25519.PrivateKey

	mu    sync.Mutex
	calls int
	// answer says how the nth signature goes; nil is well.
	answer func(n int) signing
}

type signing int

const (
	well signing = iota
	away
	rubbish
	short
)

var errAway = errors.New("the key store is away")

func newDistant() *distant {
	return &distant{PrivateKey: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))}
}

func (d *distant) will(answer func(n int) signing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls, d.answer = 0, answer
}

func (d *distant) Sign(r io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	how := well
	if d.answer != nil {
		how = d.answer(d.calls)
	}
	d.calls++
	sig, err := d.PrivateKey.Sign(r, message, opts)
	switch how {
	case away:
		return nil, errAway
	case rubbish:
		sig[3] ^= 1
	case short:
		sig = sig[:10]
	}
	return sig, err
}

// A key that is kept elsewhere and one in memory make the same log.
func TestDistantKeyIsTheSameSigner(t *testing.T) {
	d := newDistant()
	far, near := must(transparency.NewSigner(origin, d)), must(transparency.NewSigner(origin, d.PrivateKey))
	if far.VerifierKey() != near.VerifierKey() || !bytes.Equal(far.PublicKeyDER(), near.PublicKeyDER()) ||
		!bytes.Equal(far.LogID(), near.LogID()) || far.KeyHash() != near.KeyHash() || far.Name() != near.Name() {
		t.Error("the signers differ")
	}
	if far.PrivateKey() != "" || near.PrivateKey() == "" {
		t.Error("only a key in memory has a text")
	}
	store := newMemory()
	a := mustAppend(t, open(t, store, far), "a", "x")
	b := mustAppend(t, open(t, store, near), "b", "y")
	store.check(t, far.Verifier(), a, b)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"ECDSA": other, "no key": ed25519.PrivateKey(nil), "half a key": d.PrivateKey[:40]} {
		if s, err := transparency.NewSigner(origin, key); err == nil || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if s, err := transparency.NewSigner("a name", d); err == nil || s != nil {
		t.Errorf("a name with a space: %v, %v", s, err)
	}
}

// Whenever signing fails now and then, every append succeeds in the end, once.
func TestSignerThatFailsSometimes(t *testing.T) {
	for name, how := range map[string]signing{"away": away, "rubbish": rubbish, "short": short} {
		t.Run(name, func(t *testing.T) {
			d, store := newDistant(), newMemory()
			d.will(func(n int) signing {
				if n%3 != 2 {
					return how
				}
				return well
			})
			signer := must(transparency.NewSigner(origin, d))
			logs := []*transparency.Log{open(t, store, signer), open(t, store, signer)}
			// Two instances share the failures, so that one may have more of them in a row.
			d.will(func(n int) signing {
				if n%4 == 1 {
					return how
				}
				return well
			})
			acknowledged := appendAll(t, logs, 4, 20)
			store.check(t, signer.Verifier(), acknowledged...)
			if want := 2*4*15 + 4*5; len(store.entries) != want || store.state.Size != int64(want) {
				t.Errorf("%d entries are stored, %d published, want %d", len(store.entries), store.state.Size, want)
			}
		})
	}
}

// When signing fails for long, appenders are told, what is published stays as it was, and nothing is
// lost: the next to append publishes what is stored.
func TestSignerIsAwayForLong(t *testing.T) {
	for name, how := range map[string]signing{"away": away, "rubbish": rubbish} {
		t.Run(name, func(t *testing.T) {
			d, store := newDistant(), newMemory()
			signer := must(transparency.NewSigner(origin, d))
			l := open(t, store, signer)
			first := mustAppend(t, l, "first", "x")
			d.will(func(int) signing { return how })
			for i := range 3 {
				if entry, err := l.Append(t.Context(), fmt.Sprint("lost ", i), []byte("y")); err == nil {
					t.Fatalf("acknowledged entry %d without a checkpoint", entry.Index)
				} else if how == away && !errors.Is(err, errAway) {
					t.Errorf("told %v, want why", err)
				}
			}
			if size, err := l.Size(t.Context()); err != nil || size != 1 {
				t.Errorf("size is %d (%v), want 1", size, err)
			}
			store.check(t, signer.Verifier(), first)
			if _, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer}); err == nil {
				t.Error("opened a log that could not be brought to an end")
			}
			d.will(nil)
			next := mustAppend(t, l, "next", "z")
			again := mustAppend(t, l, "lost 0", "y")
			if again.Index == 0 || again.Index == next.Index {
				t.Errorf("appended again at %d, beside %d", again.Index, next.Index)
			}
			twice := mustAppend(t, l, "lost 0", "y")
			if !cmp.Equal(again, twice) {
				t.Errorf("appended twice: %v and %v", again, twice)
			}
			store.check(t, signer.Verifier(), first, next, again)
			if _, err := transparency.VerifyLog(t.Context(), l, signer.Verifier()); err != nil {
				t.Error(err)
			}
		})
	}
}
