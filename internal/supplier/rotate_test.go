package supplier_test

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// enrol proves a key, in the place of another when replaces is its id.
func (h *house) enrol(t *testing.T, key crypto.Signer, replaces string) (supplier.Key, error) {
	t.Helper()
	pub, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pub.PEM, Label: "Ny", Replaces: replaces})
	if err != nil {
		return supplier.Key{}, err
	}
	if want := supplier.ChallengeHead(ours, pub.ID, replaces) + "challenge: " + ch.ID + "\n"; !bytes.HasPrefix(ch.Bytes, []byte(want)) {
		t.Errorf("the challenge is\n%s\nwant it to begin with\n%s", ch.Bytes, want)
	}
	return h.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, prove(t, key, ch.Bytes))
}

func (h *house) enrolNew(t *testing.T, replaces string) supplier.Key {
	t.Helper()
	key, _ := newKey(t)
	k, err := h.enrol(t, key, replaces)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// events are the bodies in the log, in order.
func (h *house) events(t *testing.T) []string {
	t.Helper()
	size, err := h.log.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	if size == 0 {
		return nil
	}
	data, err := h.log.EntryBundle(t.Context(), 0, int(size))
	if err != nil {
		t.Fatal(err)
	}
	bodies, err := transparency.ParseEntryBundle(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies {
		out = append(out, string(b))
	}
	return out
}

// agree holds the supplier's keys against what the log says of them: every
// event that is logged is in the document at its place, and the other way
// round.
func (h *house) agree(t *testing.T) {
	t.Helper()
	sup, err := h.Get(t.Context(), as(ours), ours)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for i, e := range h.events(t) {
		event, _, _ := strings.Cut(strings.SplitAfter(e, `"event":"`)[1], `"`)
		id, _, _ := strings.Cut(strings.SplitAfter(e, `"key":"`)[1], `"`)
		want[fmt.Sprint(event, " ", id, " ", i)] = true
	}
	got := map[string]bool{}
	for _, k := range sup.Keys {
		got[fmt.Sprint("key-enrolled ", k.ID, " ", k.EnrolledIndex)] = true
		if k.Revoked != nil {
			got[fmt.Sprint("key-revoked ", k.ID, " ", k.Revoked.Index)] = true
		}
	}
	if sup.Pending != nil {
		t.Errorf("a change is still pending: %+v", *sup.Pending)
	}
	for e := range want {
		if !got[e] {
			t.Errorf("the log has %s, and the supplier does not", e)
		}
	}
	for e := range got {
		if !want[e] {
			t.Errorf("the supplier has %s, and the log does not", e)
		}
	}
}

func TestNewKeyReplacesOld(t *testing.T) {
	h := newHouse(t)
	old, other := h.enrolNew(t, ""), h.enrolNew(t, "")
	h.now = h.now.Add(time.Hour)
	fresh := h.enrolNew(t, old.ID)
	sup, err := h.Get(t.Context(), as(ours), ours)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := sup.Key(old.ID)
	is, _ := sup.Key(fresh.ID)
	kept, _ := sup.Key(other.ID)
	if was.Revoked == nil || was.Revoked.Reason != supplier.Replaced || was.Revoked.Index != is.EnrolledIndex+1 || !was.Revoked.At.Equal(h.now) {
		t.Errorf("the old key is revoked as %+v, the new one has place %d", was.Revoked, is.EnrolledIndex)
	}
	if is.Revoked != nil || kept.Revoked != nil || fresh != is || len(sup.Keys) != 3 {
		t.Errorf("new %+v, answered %+v, other %+v", is, fresh, kept)
	}
	if sup.Ends(is.ID) || sup.Ends(kept.ID) || !sup.Ends(was.ID) || sup.Ends("nosuch") {
		t.Error("which keys end is told wrongly")
	}
	events := h.events(t)
	if want := `"replaces":"` + old.ID; !strings.Contains(events[is.EnrolledIndex], want) {
		t.Errorf("the enrolment is logged as %s", events[is.EnrolledIndex])
	}
	if want := `"replacedBy":"` + fresh.ID; !strings.Contains(events[was.Revoked.Index], want) {
		t.Errorf("the revocation is logged as %s", events[was.Revoked.Index])
	}
	h.agree(t)
	// Found to be stolen later: the revocation has its reason and its place.
	again, err := h.RevokeKey(t.Context(), as(ours), ours, old.ID, supplier.Compromised, "")
	if err != nil || *again.Revoked != *was.Revoked {
		t.Errorf("revoked again as %+v (%v)", again.Revoked, err)
	}
	h.agree(t)
}

func TestReplacingRefuses(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	valid, gone := h.enrolNew(t, ""), h.enrolNew(t, "")
	if _, err := h.RevokeKey(ctx, as(ours), ours, gone.ID, supplier.Retired, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Register(ctx, as(theirs), supplier.Supplier{Number: theirs, Name: "Andre AS", Country: "NO"}); err != nil {
		t.Fatal(err)
	}
	_, pub := newKey(t)
	tests := []struct{ name, pem, replaces, key string }{
		{"unknown", pub.PEM, strings.Repeat("ab", 32), "key.replaces-unknown"},
		{"the beginning of an id", pub.PEM, valid.ID[:12], "key.replaces-unknown"},
		{"revoked", pub.PEM, gone.ID, "key.replaces-revoked"},
		{"itself, new", pub.PEM, pub.ID, "key.replaces-itself"},
		{"itself, enrolled", valid.PEM, valid.ID, "key.replaces-itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := h.BeginEnrolment(ctx, as(ours), ours, supplier.Enrolment{PEM: tt.pem, Replaces: tt.replaces})
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || len(p.Fields) != 1 || p.Fields[0].Path != "replaces" || p.Fields[0].Key != tt.key {
				t.Errorf("%v, want %s at replaces", err, tt.key)
			}
		})
	}
	_, err := h.BeginEnrolment(ctx, as(theirs), theirs, supplier.Enrolment{PEM: pub.PEM, Replaces: valid.ID})
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Fields[0].Key != "key.replaces-unknown" {
		t.Errorf("somebody else's key replaced: %v", err)
	}
	h.agree(t)
}

// The key to replace is revoked for another reason while the challenge is
// answered: that reason stands, and the new key is enrolled all the same.
func TestReplacedKeyIsRevokedInTheMeantime(t *testing.T) {
	h := newHouse(t)
	old := h.enrolNew(t, "")
	key, pub := newKey(t)
	ch, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pub.PEM, Replaces: old.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.RevokeKey(t.Context(), as(ours), ours, old.ID, supplier.Compromised, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := h.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, prove(t, key, ch.Bytes)); err != nil {
		t.Fatal(err)
	}
	sup, err := h.Get(t.Context(), as(ours), ours)
	if err != nil {
		t.Fatal(err)
	}
	if was, _ := sup.Key(old.ID); was.Revoked.Reason != supplier.Compromised {
		t.Errorf("revoked as %s", was.Revoked.Reason)
	}
	if _, ok := sup.Key(pub.ID); !ok {
		t.Error("the new key is not enrolled")
	}
	h.agree(t)
}

// Two new keys may not both take the place of one: one of them does, and both
// are enrolled; nothing is logged twice.
func TestRotationsAtOnce(t *testing.T) {
	h := newHouse(t)
	old := h.enrolNew(t, "")
	var wg sync.WaitGroup
	for range 6 {
		key, _ := newKey(t)
		wg.Go(func() {
			// Begun too late, it is told that the old key is gone already.
			if _, err := h.enrol(t, key, old.ID); err != nil && problem.KindOf(err) != problem.Invalid {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.agree(t)
	n := 0
	for _, e := range h.events(t) {
		if strings.Contains(e, `"key-revoked"`) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the old key is revoked %d times", n)
	}
}

func TestKeyExpiryBounds(t *testing.T) {
	h := newHouse(t)
	const years = 3 * 365 * 24 * time.Hour
	tests := []struct {
		in   time.Duration
		want string
	}{
		{0, "key.expiry-past"}, {-time.Millisecond, "key.expiry-past"}, {time.Millisecond, ""},
		{years, ""}, {years + time.Millisecond, "key.expiry-late"},
	}
	for _, tt := range tests {
		_, pub := newKey(t)
		ch, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pub.PEM, ExpiresAt: h.now.Add(tt.in)})
		got := ""
		if p, ok := errors.AsType[*problem.Error](err); ok {
			got = p.Fields[0].Key
		}
		if got != tt.want || err == nil && !ch.KeyExpiresAt.Equal(h.now.Add(tt.in)) {
			t.Errorf("expiring in %s: %v and %s, want %q", tt.in, err, ch.KeyExpiresAt, tt.want)
		}
	}
}

func TestKeysHaveABound(t *testing.T) {
	h := newHouse(t)
	last := h.enrolNew(t, "")
	for range 49 { // those that were replaced count too
		last = h.enrolNew(t, last.ID)
	}
	_, pub := newKey(t)
	if _, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pub.PEM, Replaces: last.ID}); problem.KeyOf(err) != "key.many" {
		t.Errorf("the 51st key: %v, want key.many", err)
	}
	h.agree(t)
}
