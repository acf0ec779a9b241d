package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// RunSessions checks the login sessions. The store must be open with the real
// clock.
func RunSessions(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	v := s.Sessions()
	find := func(token string) ([]byte, bool) {
		t.Helper()
		b, ok, err := v.FindCtx(ctx, token)
		check(t, err)
		return b, ok
	}
	now := time.Now()
	one, two, old := id(), id(), id()
	check(t, v.CommitCtx(ctx, one, []byte{0, 1, 255}, now.Add(time.Hour)))
	check(t, v.Commit(two, []byte("two"), now.Add(2*time.Hour)))
	check(t, v.CommitCtx(ctx, old, []byte("old"), now.Add(-time.Second)))

	b, ok := find(one)
	if !ok || !bytes.Equal(b, []byte{0, 1, 255}) {
		t.Errorf("got %v, %v", b, ok)
	}
	for _, token := range []string{old, id(), "", "$ne"} {
		if b, ok := find(token); ok || b != nil {
			t.Errorf("session %q is found: %v", token, b)
		}
	}
	check(t, v.CommitCtx(ctx, one, []byte("changed"), now.Add(time.Minute)))
	if b, ok := find(one); !ok || string(b) != "changed" {
		t.Errorf("got %q, %v", b, ok)
	}
	check(t, s.DropSessions(ctx, now.Add(30*time.Minute)))
	if _, ok := find(one); ok {
		t.Error("the session is not dropped")
	}
	if _, ok, err := v.Find(two); !ok || err != nil {
		t.Errorf("a session that holds was dropped: %v, %v", ok, err)
	}
	check(t, v.DeleteCtx(ctx, two))
	check(t, v.Delete(two)) // no session is no error
	if _, ok := find(two); ok {
		t.Error("the session is not deleted")
	}
	// What ends sessions from elsewhere lies beside them, under names of its own.
	mark := "mark:person:" + digest()
	check(t, v.CommitCtx(ctx, mark, []byte("first"), now.Add(time.Hour)))
	check(t, v.CommitCtx(ctx, mark, []byte("second"), now.Add(time.Hour)))
	if b, ok := find(mark); !ok || string(b) != "second" {
		t.Errorf("got %q, %v", b, ok)
	}
	if _, ok := find("mark:session" + strings.TrimPrefix(mark, "mark:person")); ok {
		t.Error("another mark is found")
	}
	var wg sync.WaitGroup
	same := id()
	for i := range 16 { // a browser with many tabs
		wg.Go(func() {
			if err := v.CommitCtx(ctx, same, fmt.Append(nil, i), now.Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, ok := find(same); !ok {
		t.Error("the session is lost")
	}
}

// RunSecrets checks SecretOrCreate.
func RunSecrets(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	t.Run("race", func(t *testing.T) {
		var wg sync.WaitGroup
		got := make([][]byte, 16)
		for i := range got {
			wg.Go(func() {
				b, err := s.SecretOrCreate(ctx, "log key", func() ([]byte, error) { return []byte{0, byte(i), 255}, nil })
				if err != nil {
					t.Error(err)
				}
				got[i] = b
			})
		}
		wg.Wait()
		for _, b := range got {
			if len(b) != 3 || !bytes.Equal(b, got[0]) {
				t.Fatalf("got %v and %v", b, got[0])
			}
		}
	})
	t.Run("kept", func(t *testing.T) {
		first := result[[]byte](t)(s.SecretOrCreate(ctx, "b", func() ([]byte, error) { return []byte("b"), nil }))
		again := result[[]byte](t)(s.SecretOrCreate(ctx, "b", func() ([]byte, error) { t.Error("made twice"); return []byte("c"), nil }))
		want(t, again, first)
	})
	t.Run("failing", func(t *testing.T) {
		own := errors.New("no randomness")
		_, err := s.SecretOrCreate(ctx, "c", func() ([]byte, error) { return []byte("half"), own })
		if err != own {
			t.Fatalf("error is %v, want the function's as it is", err)
		}
		if _, err := s.SecretOrCreate(ctx, "c", func() ([]byte, error) { return nil, nil }); err == nil {
			t.Error("an empty secret was kept")
		}
		want(t, result[[]byte](t)(s.SecretOrCreate(ctx, "c", func() ([]byte, error) { return []byte("c"), nil })), []byte("c"))
	})
}

// RunCancelled checks that a call whose context has ended does nothing, and
// that the store answers before and not after it is closed.
func RunCancelled(t *testing.T, open Open) {
	s := open(t)
	check(t, s.Ping(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v, o, r := supplierWith("Cancelled"), offeringOf(number()), recordFor(id(), "a", at)
	for name, call := range map[string]func() error{
		"InsertSupplier":    func() error { return s.InsertSupplier(ctx, v) },
		"InsertOffering":    func() error { return s.InsertOffering(ctx, o) },
		"InsertAttestation": func() error { return s.InsertAttestation(ctx, r) },
		"InsertLogEntries": func() error {
			return s.InsertLogEntries(ctx, "x", []transparency.Entry{{Key: "a", Body: []byte("a")}})
		},
		"PutBlob":       func() error { _, err := s.PutBlob(ctx, newStream(9, 10, io.EOF)); return err },
		"BlobVersion":   func() error { _, err := s.BlobVersion(ctx, digest()); return err },
		"RemoveBlob":    func() error { return s.RemoveBlob(ctx, digest(), "x") },
		"Supplier":      func() error { _, err := s.Supplier(ctx, v.Number); return err },
		"Search":        func() error { _, err := s.SearchSuppliers(ctx, "x", "", 10); return err },
		"Latest":        func() error { _, err := s.LatestAttestations(ctx, []string{"x"}, "", 1); return err },
		"Outlines":      func() error { _, err := s.LatestOutlines(ctx, []string{"x"}, "a", 1); return err },
		"OpenBlob":      func() error { _, _, err := s.OpenBlob(ctx, digest()); return err },
		"TakeChallenge": func() error { _, err := s.TakeChallenge(ctx, "x"); return err },
		"CommitSession": func() error { return s.Sessions().CommitCtx(ctx, "x", nil, time.Now()) },
		"SecretOrCreate": func() error {
			_, err := s.SecretOrCreate(ctx, "x", func() ([]byte, error) { return []byte("x"), nil })
			return err
		},
		"UpdateSupplier": func() error {
			_, err := s.UpdateSupplier(ctx, v.Number, func(v supplier.Supplier) (supplier.Supplier, error) { return v, nil })
			return err
		},
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s answers %v", name, err)
		}
	}
	_, err := s.Supplier(t.Context(), v.Number)
	wantErr(t, err, problem.ErrNotFound)
	want(t, result[[]attestation.Record](t)(s.AttestationsFor(t.Context(), r.Offering, "", 1)), []attestation.Record{})

	check(t, s.Close())
	check(t, s.Close())
	if err := s.InsertSupplier(t.Context(), v); err == nil {
		t.Error("a closed store took a write")
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}
