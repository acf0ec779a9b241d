package evidence_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// kept lists the files under the data folder, whatever their names.
func kept(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "evidence"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestErase(t *testing.T) {
	s, dir := newService(t, 1<<20)
	up := func(owner organisation.Number) (evidence.Evidence, bool) {
		t.Helper()
		e, created, err := s.Upload(t.Context(), as(owner, access.Supplier), evidence.Upload{Name: "Kari Nordmann.txt", Kind: "policy", Visibility: evidence.VisiblePublic}, strings.NewReader("text"))
		if err != nil {
			t.Fatal(err)
		}
		return e, created
	}
	e, _ := up(ours)
	up(theirs)
	me := as(ours, access.Supplier)
	erase := func(ask evidence.ErasureRequest, rev int64) (evidence.Evidence, error) {
		return s.Erase(t.Context(), me, ours, e.SHA256, ask, rev)
	}
	if _, err := erase(evidence.ErasureRequest{}, 0); problem.KindOf(err) != problem.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := erase(evidence.ErasureRequest{Reason: "x"}, e.Rev+7); problem.KindOf(err) != problem.Stale {
		t.Errorf("from another revision: %v", err)
	}
	gone, err := erase(evidence.ErasureRequest{Reason: "Utdatert"}, 0)
	if err != nil || gone.State != evidence.Erased || gone.Erasure == nil || gone.Erasure.By != evidence.ByOwner || gone.Erasure.Reason != "Utdatert" ||
		gone.Name != "Kari Nordmann.txt" || gone.SHA256 != e.SHA256 || gone.Size != 4 || gone.Kind != "policy" {
		t.Fatalf("%+v, %v", gone, err)
	}
	// The other owner has it still, and so the public; the first sees that its own is gone.
	if r, other, err := s.Open(t.Context(), access.Anyone(), e.SHA256); err != nil || other.Owner != theirs {
		t.Errorf("the other's: %v", err)
	} else {
		_ = r.Close()
	}
	if about, err := s.About(t.Context(), me, e.SHA256); err != nil || about.State != evidence.Erased || about.Owner != ours {
		t.Errorf("about one's own: %+v, %v", about, err)
	}
	if gone, err = erase(evidence.ErasureRequest{Reason: "Igjen", ForgetName: true}, 0); err != nil || gone.Name != "" || gone.Erasure.Reason != "Utdatert" {
		t.Errorf("again, with the name: %+v, %v", gone, err)
	}
	if _, err := s.Erase(t.Context(), as(theirs, access.Supplier), theirs, e.SHA256, evidence.ErasureRequest{Reason: "x"}, 0); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, dir); n != 0 {
		t.Errorf("%d files are kept when all have erased it", n)
	}
	if _, _, err := s.Open(t.Context(), access.Anyone(), e.SHA256); problem.KeyOf(err) != "evidence.erased" {
		t.Errorf("open: %v", err)
	}
	if erased, err := s.Erased(t.Context(), ours, []string{e.SHA256, strings.Repeat("0", 64)}); err != nil || len(erased) != 1 || !erased[e.SHA256] {
		t.Errorf("erased: %v, %v", erased, err)
	}
	// Sent again, it is back, with its history.
	back, created := up(ours)
	if !created || back.State != evidence.Stored || back.Erasure != nil || back.Name != "Kari Nordmann.txt" || len(back.Changes) != 2 || back.Changes[1].Field != evidence.FieldState {
		t.Errorf("created %v, %+v", created, back)
	}
	r, _, err := s.Open(t.Context(), me, e.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "text" {
		t.Errorf("read %q, %v", b, err)
	}
	_ = r.Close()
	for name, actor := range map[string]access.Actor{"another supplier": as(theirs, access.Supplier), "an adviser": as(ours, access.Adviser), "anyone": access.Anyone()} {
		_, err := s.Erase(t.Context(), actor, ours, e.SHA256, evidence.ErasureRequest{Reason: "x"}, 0)
		if kind := problem.KindOf(err); kind != problem.Forbidden && kind != problem.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// uses is what declarations need.
type uses map[string]time.Time

func (u uses) EvidenceUse(_ context.Context, owner organisation.Number) (map[string]time.Time, error) {
	if owner != ours {
		return nil, nil
	}
	return u, nil
}

// TestRetention: files go when their time is out, and not before.
func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	s, dir := newService(t, 1<<20)
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	c := &clock{start}
	s.Now = c.read
	sums := map[string]string{}
	for _, name := range []string{"never", "declared", "noted"} {
		e, _, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: name + ".txt", Kind: "policy"}, strings.NewReader(name))
		if err != nil {
			t.Fatal(err)
		}
		sums[name] = e.SHA256
	}
	if _, _, err := s.Upload(t.Context(), as(theirs, access.Supplier), evidence.Upload{Name: "a.txt", Kind: "policy"}, strings.NewReader("never")); err != nil {
		t.Fatal(err)
	}
	s.Uses = uses{sums["declared"]: start.Add(100 * day)}
	if _, err := s.Store.UpdateEvidence(t.Context(), ours, sums["noted"], evidence.Needed(start.Add(200*day))); err != nil {
		t.Fatal(err)
	}
	sweep := func(at time.Time, want evidence.Swept) {
		t.Helper()
		c.now = at
		if did, err := s.Sweep(t.Context()); err != nil || did != want {
			t.Errorf("at day %v: %+v, %v, want %+v", at.Sub(start)/day, did, err, want)
		}
	}
	sweep(start.Add(1000*day), evidence.Swept{}) // no limit is set
	s.Retention = 30 * day
	sweep(start.Add(30*day), evidence.Swept{})
	sweep(start.Add(30*day+time.Second), evidence.Swept{Expired: 2})
	sweep(start.Add(130*day), evidence.Swept{})
	sweep(start.Add(130*day+time.Second), evidence.Swept{Expired: 1})
	sweep(start.Add(230*day), evidence.Swept{})
	if n := kept(t, dir); n != 1 {
		t.Errorf("%d files are kept, want the one that is needed", n)
	}
	sweep(start.Add(230*day+time.Second), evidence.Swept{Expired: 1})
	if n := kept(t, dir); n != 0 {
		t.Errorf("%d files are kept at last", n)
	}
	all, err := s.Of(t.Context(), as(ours, access.Supplier), ours)
	if err != nil || len(all) != 3 || all[0].Erasure == nil || all[0].Erasure.By != evidence.ByRetention {
		t.Errorf("%+v, %v", all, err)
	}
	// A declaration cannot refer to it any more, and it comes back when it is sent.
	if _, err := s.Store.UpdateEvidence(t.Context(), ours, sums["never"], evidence.Needed(c.now.Add(day))); problem.KindOf(err) != problem.NotFound {
		t.Errorf("noted as needed: %v", err)
	}
	if _, created, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: "never.txt", Kind: "policy"}, strings.NewReader("never")); err != nil || !created {
		t.Errorf("created %v, %v", created, err)
	}
	sweep(c.now.Add(30*day), evidence.Swept{})
}

// TestAbandoned: an upload that broke off after all was received leaves no
// trace that people see, and is no hindrance.
func TestAbandoned(t *testing.T) {
	s, dir := newService(t, 1<<20)
	c := &clock{time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	s.Now = c.read
	me := as(ours, access.Supplier)
	blob, err := s.Store.PutBlob(t.Context(), strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Store.InsertEvidence(t.Context(), evidence.Evidence{
		ID: string(ours) + ":" + blob.SHA256, Owner: ours, SHA256: blob.SHA256, Kind: "other", Visibility: evidence.VisiblePublic, State: evidence.Arriving, StateAt: c.now, Claim: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	unseen := func() {
		t.Helper()
		all, err := s.Of(t.Context(), me, ours)
		_, aboutErr := s.About(t.Context(), me, blob.SHA256)
		_, eraseErr := s.Erase(t.Context(), me, ours, blob.SHA256, evidence.ErasureRequest{Reason: "x"}, 0)
		if err != nil || len(all) != 0 || problem.KeyOf(aboutErr) != "evidence.not-found" || problem.KeyOf(eraseErr) != "evidence.not-found" {
			t.Errorf("%d, %v, %v, %v", len(all), err, aboutErr, eraseErr)
		}
	}
	unseen()
	for _, step := range []struct {
		later time.Duration
		want  evidence.Swept
		files int
	}{{23 * time.Hour, evidence.Swept{}, 1}, {2 * time.Hour, evidence.Swept{Abandoned: 1}, 0}, {time.Hour, evidence.Swept{}, 0}} {
		c.now = c.now.Add(step.later)
		if did, err := s.Sweep(t.Context()); err != nil || did != step.want || kept(t, dir) != step.files {
			t.Errorf("%+v, %v, %d files, want %+v and %d", did, err, kept(t, dir), step.want, step.files)
		}
		unseen()
	}
	e, created, err := s.Upload(t.Context(), me, evidence.Upload{Name: "a.txt", Kind: "policy"}, bytes.NewReader([]byte("text")))
	if err != nil || !created || e.State != evidence.Stored || e.Kind != "policy" || len(e.Changes) != 0 {
		t.Errorf("created %v, %+v, %v", created, e, err)
	}
}
