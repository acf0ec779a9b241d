package transparency_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"felleskrav/internal/transparency"
)

// Others' readers and verifiers agree with ours on checkpoints, leaves, inclusion and consistency.
func TestAgainstTransparencyDev(t *testing.T) {
	signer := newSigner(t)
	rapid.Check(t, func(rt *rapid.T) {
		store := newMemory()
		l, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer})
		if err != nil {
			rt.Fatal(err)
		}
		defer l.Close()
		checkpoints := map[int64][]byte{}
		n := rapid.IntRange(1, 70).Draw(rt, "entries")
		for i := range n {
			if _, err := l.Append(t.Context(), fmt.Sprint(i), rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "body")); err != nil {
				rt.Fatal(err)
			}
			checkpoints[int64(i+1)] = must(l.Checkpoint(t.Context()))
		}
		index := rapid.Int64Range(0, int64(n-1)).Draw(rt, "index")
		p := must(l.Proof(t.Context(), index))
		c, _, _, err := formats.ParseCheckpoint([]byte(p.Checkpoint), origin, signer.Verifier())
		if err != nil {
			rt.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), c.Size, rfc6962.DefaultHasher.HashLeaf(p.Body), raw(p.Hashes), c.Hash); err != nil {
			rt.Fatal(err)
		}
		if err := transparency.VerifyProof(signer.Verifier(), p); err != nil {
			rt.Fatal(err)
		}
		from := rapid.Int64Range(1, int64(n)).Draw(rt, "from")
		to := rapid.Int64Range(from, int64(n)).Draw(rt, "to")
		consistency := must(l.ConsistencyProof(t.Context(), from, to))
		if err := transparency.VerifyConsistency(signer.Verifier(), checkpoints[from], checkpoints[to], consistency); err != nil {
			rt.Fatal(err)
		}
		older := must(transparency.ParseCheckpoint(signer.Verifier(), checkpoints[from]))
		newer := must(transparency.ParseCheckpoint(signer.Verifier(), checkpoints[to]))
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(from), uint64(to), raw(consistency), older.Root[:], newer.Root[:]); err != nil {
			rt.Fatal(err)
		}
		if from < to {
			if err := transparency.VerifyConsistency(signer.Verifier(), checkpoints[to], checkpoints[from], consistency); !errors.Is(err, transparency.ErrVerification) {
				rt.Fatalf("a log that shrinks: %v", err)
			}
		}
	})
}

func raw(hashes []transparency.Hash) [][]byte {
	var out [][]byte
	for _, h := range hashes {
		out = append(out, h[:])
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestVerifyProofRefusesChanges(t *testing.T) {
	signer := newSigner(t)
	l := open(t, newMemory(), signer)
	for i := range 11 {
		mustAppend(t, l, fmt.Sprint(i), fmt.Sprint(i))
	}
	older := must(l.Proof(t.Context(), 3))
	mustAppend(t, l, "more", "more")
	for name, change := range map[string]func(p *transparency.Proof){
		"body":                 func(p *transparency.Proof) { p.Body = []byte("x") },
		"index":                func(p *transparency.Proof) { p.Index++ },
		"index outside":        func(p *transparency.Proof) { p.Index = p.TreeSize },
		"negative index":       func(p *transparency.Proof) { p.Index = -1 },
		"size":                 func(p *transparency.Proof) { p.TreeSize++ },
		"root":                 func(p *transparency.Proof) { p.RootHash[0]++ },
		"a hash":               func(p *transparency.Proof) { p.Hashes[1][0]++ },
		"fewer hashes":         func(p *transparency.Proof) { p.Hashes = p.Hashes[1:] },
		"more hashes":          func(p *transparency.Proof) { p.Hashes = append(p.Hashes, transparency.Hash{}) },
		"no checkpoint":        func(p *transparency.Proof) { p.Checkpoint = "" },
		"a changed checkpoint": func(p *transparency.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n12\n", "\n13\n", 1) },
		"an older checkpoint":  func(p *transparency.Proof) { p.Checkpoint = older.Checkpoint },
		"another log's": func(p *transparency.Proof) {
			other := open(t, newMemory(), newSigner(t))
			mustAppend(t, other, "3", "3")
			p.Checkpoint = string(must(other.Checkpoint(t.Context())))
		},
	} {
		p := must(l.Proof(t.Context(), 3))
		change(&p)
		if err := transparency.VerifyProof(signer.Verifier(), p); !errors.Is(err, transparency.ErrVerification) {
			t.Errorf("%s: %v, want ErrVerification", name, err)
		}
	}
	if err := transparency.VerifyProof(signer.Verifier(), older); err != nil {
		t.Errorf("an older proof no longer verifies: %v", err)
	}
}

func TestParseCheckpointRefuses(t *testing.T) {
	signer := newSigner(t)
	root := tlog.RecordHash(nil).String()
	sign := func(text string) []byte { return must(note.Sign(&note.Note{Text: text}, signer)) }
	if c, err := transparency.ParseCheckpoint(signer.Verifier(), sign(origin+"\n7\n"+root+"\nextension line\n")); err != nil || c.Size != 7 {
		t.Errorf("extension line: %+v, %v", c, err)
	}
	for _, text := range []string{
		"other.example\n7\n" + root + "\n",
		origin + "\n7\n",
		origin + "\n07\n" + root + "\n",
		origin + "\n-7\n" + root + "\n",
		origin + "\n+7\n" + root + "\n",
		origin + "\n9223372036854775808\n" + root + "\n",
		origin + "\n7\nAAAA\n",
		origin + "\n7\n" + strings.TrimRight(root, "=") + "\n",
		origin + "\n7\n" + root + "\n\nx\n",
	} {
		if c, err := transparency.ParseCheckpoint(signer.Verifier(), sign(text)); !errors.Is(err, transparency.ErrVerification) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

// Whatever ours accepts, signed or made to be, somebody else's parser reads as the same tree, and written
// anew it is what was read.
func FuzzParseCheckpoint(f *testing.F) {
	signer := must(transparency.NewSigner(origin, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
	root := tlog.RecordHash(nil).String()
	text := origin + "\n7\n" + root + "\n"
	f.Add([]byte(text), true)
	f.Add([]byte(text+"extension line\n"), true)
	f.Add([]byte(origin+"\n+7\n"+root+"\n\nx\n"), true)
	f.Add(must(note.Sign(&note.Note{Text: text}, signer)), false)
	f.Add(must(note.Sign(&note.Note{Text: text + "extension line\n"}, signer, newSigner(f))), false)
	f.Fuzz(func(t *testing.T, data []byte, sign bool) {
		if sign {
			signed, err := note.Sign(&note.Note{Text: string(data)}, signer)
			if err != nil {
				return // not a text that can be signed
			}
			data = signed
		}
		c, err := transparency.ParseCheckpoint(signer.Verifier(), data)
		if err != nil {
			if !errors.Is(err, transparency.ErrVerification) {
				t.Fatal(err)
			}
			return
		}
		if c.Origin != origin || c.Size < 0 || !strings.HasPrefix(string(data), fmt.Sprintf("%s\n%d\n%s\n", origin, c.Size, c.Root)) {
			t.Fatalf("%q reads as %+v", data, c)
		}
		other, _, _, err := formats.ParseCheckpoint(data, origin, signer.Verifier())
		if err != nil || other.Size != uint64(c.Size) || !bytes.Equal(other.Hash, c.Root[:]) {
			t.Fatalf("%q: ours reads %+v, the other %+v, %v", data, c, other, err)
		}
	})
}

func TestSignerKeys(t *testing.T) {
	s := newSigner(t)
	again, err := transparency.ParseSigner(" " + s.PrivateKey() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if again.VerifierKey() != s.VerifierKey() || string(again.LogID()) != string(s.LogID()) || len(s.LogID()) != 32 {
		t.Error("the key reads back as another")
	}
	v, err := transparency.NewVerifier(s.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	sig, err := s.Sign([]byte("text\n"))
	if err != nil || !v.Verify([]byte("text\n"), sig) || v.Verify([]byte("texT\n"), sig) {
		t.Errorf("verifier and signer do not fit: %v", err)
	}
	for _, bad := range []string{"", "x", s.VerifierKey(), s.PrivateKey()[:40], strings.Replace(s.PrivateKey(), origin, "other.example", 1)} {
		if _, err := transparency.ParseSigner(bad); err == nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("ParseSigner(%.10q…): %v", bad, err)
		}
	}
	for _, name := range []string{"", "two words", "a+b"} {
		if _, err := transparency.GenerateSignerKey(name); err == nil {
			t.Errorf("origin %q: accepted", name)
		}
	}
}
