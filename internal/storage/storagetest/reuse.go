package storagetest

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation/reuse"
)

// RunDeclarationUses checks reuse.Store.
func RunDeclarationUses(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	n, a, b := number(), digest(), digest()
	want(t, result[[]reuse.Uses](t)(s.DeclarationUses(ctx, []string{a})), []reuse.Uses{})
	want(t, result[[]reuse.Uses](t)(s.DeclarationUses(ctx, nil)), []reuse.Uses{})
	use := func(d, key string) (reuse.Uses, error) {
		return s.UpdateDeclarationUses(ctx, d, func(u reuse.Uses) (reuse.Uses, error) {
			since := map[string]time.Time{key: at}
			maps.Copy(since, u.Since)
			u.Supplier, u.Since = n, since
			return u, nil
		})
	}
	first := result[reuse.Uses](t)(use(a, "x"))
	want(t, first, reuse.Uses{Attestation: a, Supplier: n, Rev: 1, Since: map[string]time.Time{"x": utc}})
	second := result[reuse.Uses](t)(use(b, "y"))
	want(t, result[[]reuse.Uses](t)(s.DeclarationUses(ctx, []string{b, a, b, digest()})), []reuse.Uses{first, second})
	stop := errors.New("stop")
	_, err := s.UpdateDeclarationUses(ctx, a, func(u reuse.Uses) (reuse.Uses, error) { return u, stop })
	wantErr(t, err, stop)
	if _, err := s.UpdateDeclarationUses(ctx, a, func(u reuse.Uses) (reuse.Uses, error) { u.Attestation = b; return u, nil }); err == nil {
		t.Error("an update moved uses to another declaration")
	}
	// Many bodies use one at the same time, also the very first.
	fresh := digest()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if _, err := use(fresh, fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want(t, len(result[[]reuse.Uses](t)(s.DeclarationUses(ctx, []string{fresh}))[0].Since), 12)
}
