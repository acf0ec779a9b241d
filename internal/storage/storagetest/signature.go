package storagetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// RunSignatures checks the part of attestation.Store that keeps signatures on
// declarations that need two.
func RunSignatures(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	signed := func(of string, by organisation.Number, when time.Time) attestation.Signature {
		return attestation.Signature{
			Attestation: of, KeyID: digest(), Supplier: by, Offering: id(), Set: "a", SetVersion: "1.0", At: when, Bundle: []byte("{\"\x00\xff\"}"),
		}
	}
	kept := func(v attestation.Signature) attestation.Signature {
		v.At = v.At.UTC().Truncate(time.Millisecond)
		return v
	}
	t.Run("of one declaration", func(t *testing.T) {
		of, by := digest(), number()
		second := signed(of, by, at.Add(time.Second))
		first := signed(of, by, at)
		check(t, s.InsertSignature(ctx, second))
		check(t, s.InsertSignature(ctx, first))
		check(t, s.InsertSignature(ctx, signed(digest(), by, at)))
		want(t, result[[]attestation.Signature](t)(s.Signatures(ctx, of)), []attestation.Signature{kept(first), kept(second)})
		want(t, result[[]attestation.Signature](t)(s.Signatures(ctx, digest())), []attestation.Signature{})
		again := first
		again.Bundle = []byte("another")
		wantErr(t, s.InsertSignature(ctx, again), problem.ErrExists)
		want(t, result[[]attestation.Signature](t)(s.Signatures(ctx, of))[0], kept(first))
	})
	t.Run("of one supplier", func(t *testing.T) {
		by := number()
		var all []attestation.Signature
		for i := range 4 {
			v := signed(digest(), by, at.Add(time.Duration(i)*time.Second))
			check(t, s.InsertSignature(ctx, v))
			v.Bundle = nil
			all = append([]attestation.Signature{kept(v)}, all...)
		}
		check(t, s.InsertSignature(ctx, signed(digest(), number(), at)))
		want(t, result[[]attestation.Signature](t)(s.SignaturesOf(ctx, by, at, 100)), all)
		want(t, result[[]attestation.Signature](t)(s.SignaturesOf(ctx, by, at.Add(time.Second), 2)), all[:2])
		want(t, result[[]attestation.Signature](t)(s.SignaturesOf(ctx, by, at.Add(time.Minute), 2)), []attestation.Signature{})
		want(t, result[[]attestation.Signature](t)(s.SignaturesOf(ctx, by, at, 0)), []attestation.Signature{})
	})
	t.Run("one signer at the same time", func(t *testing.T) {
		v := signed(digest(), number(), at)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				mine := v
				mine.Bundle = fmt.Appendf(nil, "%d", i)
				errs[i] = s.InsertSignature(ctx, mine)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantErr(t, err, problem.ErrExists)
		}
		if n := len(result[[]attestation.Signature](t)(s.Signatures(ctx, v.Attestation))); won != 1 || n != 1 {
			t.Errorf("%d inserts succeeded and %d are stored, want one of each", won, n)
		}
	})
}
