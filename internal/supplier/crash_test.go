package supplier_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// mortal is a store that dies at a write, before or after it is done, and does
// nothing more: what a crash of the service or of the database looks like.
type mortal struct {
	storage.Store

	mu    sync.Mutex
	armed bool
	left  int // writes until it dies
	after bool
	dead  bool
}

func (m *mortal) write(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return storage.ErrInjected
	}
	if !m.armed {
		return do()
	}
	if m.left--; m.left > 0 {
		return do()
	}
	m.dead = true
	if m.after {
		if err := do(); err != nil {
			return err
		}
	}
	return storage.ErrInjected
}

func (m *mortal) die(n int, after bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.armed, m.left, m.after = true, n, after
}

// revive gives whether it had died.
func (m *mortal) revive() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.dead
	m.armed, m.dead = false, false
	return was
}

func (m *mortal) TakeChallenge(ctx context.Context, id string) (c supplier.Challenge, err error) {
	err = m.write(func() (err error) { c, err = m.Store.TakeChallenge(ctx, id); return err })
	return c, err
}

func (m *mortal) UpdateSupplier(ctx context.Context, n organisation.Number, change func(supplier.Supplier) (supplier.Supplier, error)) (s supplier.Supplier, err error) {
	err = m.write(func() (err error) { s, err = m.Store.UpdateSupplier(ctx, n, change); return err })
	return s, err
}

func (m *mortal) InsertLogEntries(ctx context.Context, origin string, e []transparency.Entry) error {
	return m.write(func() error { return m.Store.InsertLogEntries(ctx, origin, e) })
}

func (m *mortal) PutLogHashes(ctx context.Context, origin string, x []transparency.StoredHash) error {
	return m.write(func() error { return m.Store.PutLogHashes(ctx, origin, x) })
}

func (m *mortal) SwapLogState(ctx context.Context, s transparency.LogState) error {
	return m.write(func() error { return m.Store.SwapLogState(ctx, s) })
}

// TestRotationSurvivesACrash: whatever write of a rotation the service dies
// at, the next to change the keys, whichever change that is, finds either that
// nothing was decided or finishes all of it, once.
func TestRotationSurvivesACrash(t *testing.T) {
	// A rotation takes its challenge, decides, logs two events in three writes
	// each, and changes the document.
	const writes = 1 + 1 + 2*3 + 1
	next := map[string]func(t *testing.T, h *house, old supplier.Key, challenge string, proof []byte) error{
		"completed again": func(t *testing.T, h *house, _ supplier.Key, challenge string, proof []byte) error {
			_, err := h.CompleteEnrolment(t.Context(), as(ours), ours, challenge, proof)
			return err
		},
		"another enrolled": func(t *testing.T, h *house, _ supplier.Key, _ string, _ []byte) error {
			h.enrolNew(t, "")
			return nil
		},
		"old one revoked": func(t *testing.T, h *house, old supplier.Key, _ string, _ []byte) error {
			_, err := h.RevokeKey(t.Context(), as(ours), ours, old.ID, supplier.Compromised, "")
			return err
		},
	}
	for name, then := range next {
		for n := 1; n <= writes+1; n++ {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d %v", name, n, after), func(t *testing.T) {
					t.Parallel()
					store := &mortal{}
					h := newHouse(t, func(s storage.Store) storage.Store { store.Store = s; return store })
					old := h.enrolNew(t, "")
					key, pub := newKey(t)
					ch, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pub.PEM, Replaces: old.ID})
					if err != nil {
						t.Fatal(err)
					}
					proof := prove(t, key, ch.Bytes)
					store.die(n, after)
					_, err = h.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, proof)
					if died := store.revive(); died != (n <= writes) || died != (err != nil) {
						t.Fatalf("died: %v, with %v", died, err)
					}
					decided := n > 2 || n == 2 && after
					sup, err := h.Get(t.Context(), as(ours), ours)
					if err != nil {
						t.Fatal(err)
					}
					if sup.Ends(old.ID) != decided {
						t.Errorf("decided: %v, the old key may sign: %v", decided, !sup.Ends(old.ID))
					}
					if err := then(t, h, old, ch.ID, proof); problem.KeyOf(err) == "key.challenge-gone" {
						if sup.Pending != nil {
							t.Error("a change that is pending cannot be finished")
						}
					} else if err != nil {
						// A challenge that was not taken can still be answered, even so late.
						t.Error(err)
					}
					h.agree(t)
					if sup, err = h.Get(t.Context(), as(ours), ours); err != nil {
						t.Fatal(err)
					}
					fresh, enrolled := sup.Key(pub.ID)
					was, _ := sup.Key(old.ID)
					if decided && (!enrolled || was.Revoked == nil || was.Revoked.Reason != supplier.Replaced || was.Revoked.Index <= fresh.EnrolledIndex) {
						t.Errorf("half a rotation: enrolled %v at %d, revoked %+v", enrolled, fresh.EnrolledIndex, was.Revoked)
					}
				})
			}
		}
	}
}

// A revocation that a crash cut short is finished with the reason and note it
// was given, whatever comes next.
func TestRevocationSurvivesACrash(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for _, after := range []bool{false, true} {
			store := &mortal{}
			h := newHouse(t, func(s storage.Store) storage.Store { store.Store = s; return store })
			old := h.enrolNew(t, "")
			store.die(n, after)
			if _, err := h.RevokeKey(t.Context(), as(ours), ours, old.ID, supplier.Retired, "Tatt ut."); err == nil {
				t.Errorf("%d %v: acknowledged", n, after)
			}
			store.revive()
			decided := n > 1 || after
			h.enrolNew(t, "")
			h.agree(t)
			sup, err := h.Get(t.Context(), as(ours), ours)
			if err != nil {
				t.Fatal(err)
			}
			k, _ := sup.Key(old.ID)
			if decided != (k.Revoked != nil) || decided && (k.Revoked.Reason != supplier.Retired || k.Revoked.Note != "Tatt ut.") {
				t.Errorf("%d %v: revoked as %+v", n, after, k.Revoked)
			}
			if !slices.ContainsFunc(sup.Keys, func(k supplier.Key) bool { return k.Revoked == nil }) {
				t.Errorf("%d %v: no key is left", n, after)
			}
		}
	}
}
