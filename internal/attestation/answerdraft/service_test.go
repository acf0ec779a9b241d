package answerdraft_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
)

const ours organisation.Number = "123456785"

const offering = "01900000-0000-7000-8000-000000000001"

func author(name string) access.Actor {
	return access.Actor{ID: "person:" + name, Org: string(ours), Roles: []access.Role{access.SupplierAuthor}}
}

// release is a version of a set with one requirement.
func release(t *testing.T, version string, edition int) catalogue.Version {
	t.Helper()
	data, err := json.Marshal(catalogue.Version{Set: "grunnsett", Version: version, Requirements: []catalogue.Requirement{{ID: "K-A-01", Edition: edition}}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := catalogue.ParseVersion(data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVersionsDoNotHideEachOther has the same requirement answered in two
// versions that ask for different things: whoever answers one of them sees what
// was written to it, and chooses between nothing but that.
func TestVersionsDoNotHideEachOther(t *testing.T) {
	ctx := t.Context()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	store, err := sqlite.Open(ctx, t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.InsertOffering(ctx, supplier.Offering{ID: offering, Supplier: ours, Name: "Sak"}); err != nil {
		t.Fatal(err)
	}
	old, fresh := release(t, "1.0.0", 1), release(t, "2.0.0", 2)
	s := &answerdraft.Service{Store: store, Suppliers: store, Catalogue: &catalogue.Catalogue{Releases: []catalogue.Version{old, fresh}}, Now: clock}
	nothing := answerdraft.Fingerprint(attestation.Answer{})
	met := func(words string) attestation.Answer {
		return attestation.Answer{Requirement: "K-A-01", Status: attestation.Met, Statement: words}
	}
	save := func(who string, v catalogue.Version, words, seen string) []string {
		t.Helper()
		_, conflicts, err := s.Save(ctx, author(who), answerdraft.Ref{Offering: offering, Version: v}, answerdraft.Sheet{
			Changes: []answerdraft.Change{{Answer: met(words), Seen: seen}}, Form: who + words,
		})
		if err != nil {
			t.Fatal(err)
		}
		return conflicts
	}
	holds := func(v catalogue.Version, want string, others int) {
		t.Helper()
		d, err := s.Get(ctx, author("kari"), answerdraft.Ref{Offering: offering, Version: v})
		if err != nil {
			t.Fatal(err)
		}
		if e := d.Answers["K-A-01"]; e.Answer.Statement != want || len(e.Others) != others {
			t.Errorf("in %s: %q and %d others, want %q and %d", v.Version, e.Answer.Statement, len(e.Others), want, others)
		}
	}
	save("kari", old, "Til den gamle.", nothing)
	if conflicts := save("ola", fresh, "Til den nye.", nothing); conflicts != nil {
		t.Errorf("an answer to another version is a conflict: %q", conflicts)
	}
	holds(old, "Til den gamle.", 0)
	holds(fresh, "Til den nye.", 0)
	save("kari", old, "Mer til den gamle.", answerdraft.Fingerprint(met("Til den gamle.")))
	if conflicts := save("kari", fresh, "Karis.", nothing); len(conflicts) != 1 {
		t.Errorf("two answers to the same version: %q", conflicts)
	}
	holds(fresh, "Til den nye.", 1)
	if _, err := s.Choose(ctx, author("ola"), answerdraft.Ref{Offering: offering, Version: fresh}, "K-A-01", answerdraft.Fingerprint(met("Karis."))); err != nil {
		t.Fatal(err)
	}
	holds(fresh, "Karis.", 0)
	holds(old, "Mer til den gamle.", 0)
	if err := s.Settle(ctx, attestation.Record{Offering: offering, Set: "grunnsett", SetVersion: "2.0.0", Answers: []attestation.Answer{met("Karis.")}}); err != nil {
		t.Fatal(err)
	}
	holds(fresh, "", 0)
	holds(old, "Mer til den gamle.", 0)
}

// interrupted is a store in which a colleague saves when somebody is about to
// remove the draft.
type interrupted struct {
	*sqlite.Store
	colleague func()
}

func (s interrupted) RemoveAnswerDraft(ctx context.Context, offering, set string, rev int64) error {
	s.colleague()
	return s.Store.RemoveAnswerDraft(ctx, offering, set, rev)
}

// TestDiscardSaysWhatIsSo has a colleague save while a draft is thrown away: it
// is gone, or whoever threw it away is told that it is not.
func TestDiscardSaysWhatIsSo(t *testing.T) {
	ctx := t.Context()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	store, err := sqlite.Open(ctx, t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.InsertOffering(ctx, supplier.Offering{ID: offering, Supplier: ours, Name: "Sak"}); err != nil {
		t.Fatal(err)
	}
	ref := answerdraft.Ref{Offering: offering, Version: release(t, "1.0.0", 1)}
	s := &answerdraft.Service{Store: store, Suppliers: store, Catalogue: &catalogue.Catalogue{Releases: []catalogue.Version{ref.Version}}, Now: func() time.Time { return now }}
	saves := 0
	save := func() {
		t.Helper()
		saves++
		a := attestation.Answer{Requirement: "K-A-01", Status: attestation.Met, Statement: fmt.Sprint("nr. ", saves)}
		if _, _, err := s.Save(ctx, author("kari"), ref, answerdraft.Sheet{Changes: []answerdraft.Change{{Answer: a}}, Form: fmt.Sprint(saves)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, times := range []int{0, 1, 1000} {
		saves = 0
		save()
		left := times
		discarding := *s
		discarding.Store = interrupted{store, func() {
			if left > 0 {
				left--
				save()
			}
		}}
		err := discarding.Discard(ctx, author("ola"), ref)
		d, readErr := s.Get(ctx, author("ola"), ref)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if gone := len(d.Answers) == 0; gone != (err == nil) || gone != (times < 1000) || err != nil && problem.KindOf(err) != problem.Stale {
			t.Errorf("a colleague saves %d times: %v, and %d answers are left", times, err, len(d.Answers))
		}
	}
}
