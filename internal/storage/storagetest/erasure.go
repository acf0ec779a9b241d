package storagetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// RunErasure checks the removal of bytes, and that erasures and uploads of the
// same bytes, at once and interrupted anywhere, never leave a record that says
// stored without its bytes, nor bytes that nobody needs.
func RunErasure(t *testing.T, open Open) {
	f := NewFaulty(open(t))
	t.Run("versions", func(t *testing.T) { runVersions(t, f) })
	t.Run("put while removed", func(t *testing.T) { runPutAndRemove(t, f) })
	t.Run("faults", func(t *testing.T) { runEraseFaults(t, f) })
	t.Run("between", func(t *testing.T) { runEraseBetween(t, f) })
	t.Run("at once", func(t *testing.T) { runEraseAtOnce(t, f) })
}

func runVersions(t *testing.T, s evidence.Store) {
	ctx, text := t.Context(), id()
	put := func() (sum, version string) {
		t.Helper()
		b := result[evidence.Blob](t)(s.PutBlob(ctx, strings.NewReader(text)))
		return b.SHA256, result[string](t)(s.BlobVersion(ctx, b.SHA256))
	}
	sum1, v1 := put()
	want(t, result[string](t)(s.BlobVersion(ctx, sum1)), v1)
	_, v2 := put()
	if v1 == v2 {
		t.Error("bytes put again have the version they had")
	}
	there := func() bool {
		t.Helper()
		r, _, err := s.OpenBlob(ctx, sum1)
		if errors.Is(err, problem.ErrNotFound) {
			return false
		}
		check(t, err)
		got, _ := sum(r)
		check(t, r.Close())
		want(t, got, sum1)
		return true
	}
	for _, other := range []string{v1, "", "x", "../../x"} {
		check(t, s.RemoveBlob(ctx, sum1, other))
		if !there() {
			t.Fatalf("removed by version %q", other)
		}
	}
	for range 2 { // the second time it is gone
		check(t, s.RemoveBlob(ctx, sum1, v2))
		if there() {
			t.Fatal("not removed")
		}
	}
	_, err := s.BlobVersion(ctx, sum1)
	wantErr(t, err, problem.ErrNotFound)
	_, v3 := put()
	check(t, s.RemoveBlob(ctx, sum1, v2))
	if !there() || v3 == v2 {
		t.Error("bytes put anew are removed by the version before")
	}
}

// runPutAndRemove: what is put after the version was read stays.
func runPutAndRemove(t *testing.T, s evidence.Store) {
	ctx := t.Context()
	for range 15 {
		text := id()
		b := result[evidence.Blob](t)(s.PutBlob(ctx, strings.NewReader(text)))
		version := result[string](t)(s.BlobVersion(ctx, b.SHA256))
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := s.PutBlob(ctx, strings.NewReader(text)); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := s.RemoveBlob(ctx, b.SHA256, version); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		r, _, err := s.OpenBlob(ctx, b.SHA256)
		check(t, err)
		got, err := io.ReadAll(r)
		check(t, err)
		want(t, string(got), text)
		check(t, r.Close())
	}
}

// eraser is evidence at work on a store, for some owners of the same text.
type eraser struct {
	*evidence.Service
	store  storage.Store
	owners []organisation.Number
	text   string
}

func newEraser(s storage.Store, owners int) *eraser {
	e := &eraser{Service: &evidence.Service{Store: s, Now: time.Now}, store: s, text: "Rutine " + id()}
	for range owners {
		// A number with a right check digit is not needed: nobody reads it in.
		e.owners = append(e.owners, number())
	}
	return e
}

func (e *eraser) sum() string { d, _ := sum(strings.NewReader(e.text)); return d }

func (e *eraser) upload(t *testing.T, n organisation.Number) error {
	actor := access.Actor{ID: "test", Org: string(n), Roles: []access.Role{access.Supplier}}
	got, _, err := e.Upload(t.Context(), actor, evidence.Upload{Name: "a.txt", Kind: "policy"}, strings.NewReader(e.text))
	if err == nil && (got.State != evidence.Stored || got.Erasure != nil) {
		err = fmt.Errorf("uploaded as %s, %+v", got.State, got.Erasure)
	}
	return err
}

func (e *eraser) erase(t *testing.T, n organisation.Number) error {
	actor := access.Actor{ID: "test", Org: string(n), Roles: []access.Role{access.Supplier}}
	_, err := e.Erase(t.Context(), actor, n, e.sum(), evidence.ErasureRequest{Reason: "test"}, 0)
	return err
}

// holds checks that bytes are there if and, when all is settled, only if
// somebody has them stored.
func (e *eraser) holds(t *testing.T, settled bool) {
	t.Helper()
	stored := false
	for _, v := range result[[]evidence.Evidence](t)(e.store.EvidenceOf(t.Context(), e.sum())) {
		stored = stored || v.Present()
		if settled && v.State != evidence.Stored && v.State != evidence.Erased {
			t.Errorf("a record is left %s", v.State)
		}
	}
	r, _, err := e.store.OpenBlob(t.Context(), e.sum())
	switch {
	case err == nil:
		got, _ := sum(r)
		check(t, r.Close())
		want(t, got, e.sum())
		if settled && !stored {
			t.Error("bytes are kept that nobody needs")
		}
	case !errors.Is(err, problem.ErrNotFound):
		t.Fatal(err)
	case stored:
		t.Error("a record says stored, and its bytes are gone")
	}
}

// runEraseFaults breaks each write of an erasure and of an upload after one.
func runEraseFaults(t *testing.T, f *Faulty) {
	for _, others := range []int{0, 1} {
		for n := 1; n <= 6; n++ {
			for _, when := range Moments() {
				e := newEraser(f, 1+others)
				for _, o := range e.owners {
					check(t, e.upload(t, o))
				}
				mine := e.owners[0]
				f.Fail(AnyWrite, n, when)
				if err := e.erase(t, mine); err != nil {
					wantErr(t, err, storage.ErrInjected)
					e.holds(t, false)
				}
				if others == 1 {
					e.holds(t, false)
				}
				_, err := e.Sweep(t.Context()) // completes it, unless the fault comes here
				if err != nil {
					wantErr(t, err, storage.ErrInjected)
				}
				if err := e.erase(t, mine); err != nil {
					wantErr(t, err, storage.ErrInjected)
					check(t, e.erase(t, mine))
				}
				e.holds(t, true)
				if err := e.upload(t, mine); err != nil {
					wantErr(t, err, storage.ErrInjected)
					e.holds(t, false)
				}
				want(t, f.Pending(), 0)
				check(t, e.upload(t, mine))
				e.holds(t, true)
				for _, o := range e.owners {
					check(t, e.erase(t, o))
				}
				e.holds(t, true)
				if _, err := f.BlobVersion(t.Context(), e.sum()); !errors.Is(err, problem.ErrNotFound) {
					t.Errorf("all have erased it: %v", err)
				}
			}
		}
	}
}

// between is a store in which something happens once, after bytes were put or
// before they are removed.
type between struct {
	storage.Store
	put, remove func()
}

func once(f *func()) {
	if do := *f; do != nil {
		*f = nil
		do()
	}
}

func (b *between) PutBlob(ctx context.Context, r io.Reader) (evidence.Blob, error) {
	blob, err := b.Store.PutBlob(ctx, r)
	once(&b.put)
	return blob, err
}

func (b *between) RemoveBlob(ctx context.Context, sha256, version string) error {
	once(&b.remove)
	return b.Store.RemoveBlob(ctx, sha256, version)
}

// runEraseBetween has an erasure come in the middle of an upload, and an
// upload in the middle of an erasure, by the same owner and by another.
func runEraseBetween(t *testing.T, s storage.Store) {
	for other := range 2 {
		b := &between{Store: s}
		e := newEraser(b, 2)
		mine, theirs := e.owners[0], e.owners[other]
		check(t, e.upload(t, theirs))
		b.put = func() { check(t, e.erase(t, theirs)) }
		check(t, e.upload(t, mine))
		e.holds(t, true)
		v := result[evidence.Evidence](t)(s.EvidenceBy(t.Context(), mine, e.sum()))
		want(t, v.State, evidence.Stored)

		e = newEraser(b, 2)
		mine, theirs = e.owners[0], e.owners[other]
		check(t, e.upload(t, mine))
		b.remove = func() { check(t, e.upload(t, theirs)) }
		check(t, e.erase(t, mine))
		e.holds(t, true)
		v = result[evidence.Evidence](t)(s.EvidenceBy(t.Context(), theirs, e.sum()))
		want(t, v.State, evidence.Stored)
	}
}

// runEraseAtOnce has owners upload and erase the same bytes, all at once.
func runEraseAtOnce(t *testing.T, s storage.Store) {
	const rounds = 4
	for range rounds {
		e := newEraser(s, 3)
		var wg sync.WaitGroup
		for i := range 9 {
			wg.Go(func() {
				owner := e.owners[i%len(e.owners)]
				for range 3 {
					var err error
					switch what := rand.N(5); {
					case i < len(e.owners) || what < 2:
						err = e.upload(t, owner)
					case what < 4:
						err = e.erase(t, owner)
					default:
						_, err = e.Sweep(t.Context())
					}
					// Not there yet, or on its way back: somebody else was first.
					if kind := problem.KindOf(err); err != nil && kind != problem.NotFound && kind != problem.Stale {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		e.holds(t, false)
		for _, o := range e.owners {
			check(t, e.upload(t, o))
			e.holds(t, false)
		}
		_, err := e.Sweep(t.Context())
		check(t, err)
		e.holds(t, true)
		wg = sync.WaitGroup{}
		for _, o := range e.owners { // of those who erase at once, one is the last
			wg.Go(func() {
				if err := e.erase(t, o); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		e.holds(t, true)
	}
}
