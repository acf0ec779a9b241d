package attestation_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
)

// published makes a new version of a set, out of the newest one's requirements as
// change leaves them: what editors do between two versions.
func published(t *testing.T, h *house, set string, change func([]catalogue.Requirement) []catalogue.Requirement) {
	t.Helper()
	content := *h.service.Catalogue.Content()
	old, ok := content.Version(set, "")
	if !ok {
		t.Fatalf("no set %s", set)
	}
	next := old
	next.Version = "99.0.0"
	next.Requirements = change(append([]catalogue.Requirement(nil), old.Requirements...))
	b, err := json.Marshal(next)
	if err != nil {
		t.Fatal(err)
	}
	if next, err = catalogue.ParseVersion(b); err != nil {
		t.Fatal(err)
	}
	content.Releases = append(append([]catalogue.Version(nil), content.Releases...), next)
	h.service.Catalogue, h.facts.Catalogue = &content, &content
}

func (h *house) status(set string) status.Status {
	h.t.Helper()
	st, err := h.facts.Status(h.t.Context(), access.Anyone(), h.offering.ID, set, time.Time{})
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

func TestRenewalConfirmsTheSameAnswers(t *testing.T) {
	h := newHouse(t, nil)
	first := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	h.clock.add(330 * 24 * time.Hour)
	if st := h.status("grunnsett"); st.Overall != status.Expiring {
		t.Fatalf("status before the renewal is %s, want expiring", st.Overall)
	}
	renewal, err := h.service.PrepareRenewal(t.Context(), as(ours), first.Attestation, time.Time{})
	if err != nil || len(renewal.Reworded) != 0 {
		t.Fatalf("renewal: reworded %v, %v", renewal.Reworded, err)
	}
	second := h.submit(sign(t, h.key, renewal.Statement))
	before, _ := h.service.Get(t.Context(), access.Anyone(), first.Attestation)
	after, err := h.service.Get(t.Context(), access.Anyone(), second.Attestation)
	if err != nil || after.Supersedes != first.Attestation {
		t.Fatalf("supersedes %q, %v", after.Supersedes, err)
	}
	if d := cmp.Diff(before.Answers, after.Answers); d != "" {
		t.Errorf("answers differ (-before +after):\n%s", d)
	}
	if st := h.status("grunnsett"); st.Overall != status.Valid {
		t.Errorf("status after the renewal is %s, want valid", st.Overall)
	}
}

func TestRenewalForANewVersion(t *testing.T) {
	reworded := func(rs []catalogue.Requirement) []catalogue.Requirement {
		rs[0].Text.NB += " Altså."
		return rs
	}
	for name, c := range map[string]struct {
		change   func([]catalogue.Requirement) []catalogue.Requirement
		key      string
		reworded int
	}{
		"the same":          {func(rs []catalogue.Requirement) []catalogue.Requirement { return rs }, "", 0},
		"one is reworded":   {reworded, "", 1},
		"one is taken away": {func(rs []catalogue.Requirement) []catalogue.Requirement { return rs[1:] }, "", 0},
		"one has changed":   {func(rs []catalogue.Requirement) []catalogue.Requirement { rs[0].Edition = 9; return rs }, "renewal.changed", 0},
		"one is new": {func(rs []catalogue.Requirement) []catalogue.Requirement {
			n := rs[0]
			n.ID = "K-NY-01"
			return append(rs, n)
		}, "renewal.changed", 0},
		"new and one reworded": {func(rs []catalogue.Requirement) []catalogue.Requirement {
			n := rs[0]
			n.ID = "K-NY-01"
			return append(reworded(rs), n)
		}, "renewal.changed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			first := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
			h.clock.add(time.Hour)
			published(t, h, "grunnsett", c.change)
			renewal, err := h.service.PrepareRenewal(t.Context(), as(ours), first.Attestation, time.Time{})
			if c.key != "" {
				if problem.KeyOf(err) != c.key || problem.KindOf(err) != problem.Refused {
					t.Errorf("renewal: %v, want %s", err, c.key)
				}
				return
			}
			if err != nil || len(renewal.Reworded) != c.reworded || renewal.Version.Version != "99.0.0" {
				t.Fatalf("renewal for %s: %d reworded, %v; want %d", renewal.Version.Version, len(renewal.Reworded), err, c.reworded)
			}
			h.submit(sign(t, h.key, renewal.Statement))
			if st := h.status("grunnsett"); st.Overall != status.Valid || st.SetVersion != "99.0.0" {
				t.Errorf("status for %s is %s, want valid for 99.0.0", st.SetVersion, st.Overall)
			}
		})
	}
}

// What was not answered before need not be answered to renew.
func TestRenewalKeepsWhatIsUnanswered(t *testing.T) {
	h := newHouse(t, nil)
	d := h.draft("grunnsett")
	d.Answers = d.Answers[:3]
	first := h.submit(sign(t, h.key, h.prepare(d)))
	h.clock.add(time.Hour)
	renewal, err := h.service.PrepareRenewal(t.Context(), as(ours), first.Attestation, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	h.submit(sign(t, h.key, renewal.Statement))
	if st := h.status("grunnsett"); st.Overall != status.Incomplete || st.Counts.Met != 3 {
		t.Errorf("status %s with %d met, want incomplete with 3", st.Overall, st.Counts.Met)
	}
}

func TestRenewalRefusals(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	first := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	renew := func(digest string) error {
		_, err := h.service.PrepareRenewal(ctx, as(ours), digest, time.Time{})
		return err
	}
	if _, err := h.service.PrepareRenewal(ctx, as(theirs), first.Attestation, time.Time{}); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("another supplier renews: %v, want forbidden", err)
	}
	if err := renew(strings.Repeat("0", 64)); problem.KeyOf(err) != "attestation.not-found" {
		t.Errorf("an unknown declaration: %v", err)
	}
	if _, err := h.service.PrepareRenewal(ctx, as(ours), first.Attestation, h.clock.now().Add(2*attestation.MaxValidity)); problem.KeyOf(err) != "statement.invalid" {
		t.Errorf("for two years: %v, want statement.invalid", err)
	}
	h.clock.add(time.Hour)
	second := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	if err := renew(first.Attestation); problem.KeyOf(err) != "renewal.superseded" {
		t.Errorf("an old declaration: %v, want renewal.superseded", err)
	}
	o := h.offering
	o.Version = "5"
	if _, err := h.suppliers.UpdateOffering(ctx, as(ours), o, 0); err != nil {
		t.Fatal(err)
	}
	if err := renew(second.Attestation); problem.KeyOf(err) != "renewal.scope" {
		t.Errorf("a changed offering: %v, want renewal.scope", err)
	}
	if _, _, err := h.service.Withdraw(ctx, as(ours), second.Attestation, withdrawalOf(t, h, second.Attestation, "Feil.")); err != nil {
		t.Fatal(err)
	}
	if err := renew(second.Attestation); problem.KeyOf(err) != "renewal.withdrawn" {
		t.Errorf("a withdrawn declaration: %v, want renewal.withdrawn", err)
	}
}
