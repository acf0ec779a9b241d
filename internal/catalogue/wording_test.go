package catalogue_test

import (
	"strings"
	"testing"

	"felleskrav/internal/catalogue"
)

// lines tells which lines of one text another does not have.
func lines(of, without string) []string {
	has := map[string]bool{}
	for l := range strings.Lines(without) {
		has[l] = true
	}
	var out []string
	for l := range strings.Lines(of) {
		if !has[l] {
			out = append(out, strings.TrimSpace(l))
		}
	}
	return out
}

func TestEditRequirement(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	before := d.newest("grunnsett")
	wanted, ok := d.Live.Content().NewVersion("grunnsett")
	if !ok || wanted.Version != catalogue.NextVersion(before.Version, catalogue.StepPatch) {
		t.Fatalf("the new version is %+v", wanted)
	}
	draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "Klarere", Releases: []catalogue.WantedRelease{wanted}})
	check(t, err)
	id := before.Requirements[0].ID
	read := func() catalogue.Drafted {
		t.Helper()
		got, err := d.Get(ctx, kari, draft.ID)
		check(t, err)
		r, err := d.Requirement(ctx, kari, got, id)
		check(t, err)
		return r
	}
	first := read()
	if first.Changed() || first.Substance || len(first.Findings) != 0 {
		t.Fatalf("untouched it is %+v", first.Change)
	}
	base, to := first.Requirement.WordingDigest(), first.Requirement.Wording()

	_, err = d.EditRequirement(ctx, buyer, draft.ID, id, base, to, false)
	wantKey(t, err, "access.denied")
	_, err = d.EditRequirement(ctx, kari, draft.ID, "K-NONE-01", base, to, false)
	wantKey(t, err, "requirement.not-found")
	empty := to
	empty.Set("title", "nn", " \n ")
	_, err = d.EditRequirement(ctx, kari, draft.ID, id, base, empty, false)
	wantKey(t, err, "draft.wording")

	// Only the lines of the texts change, whatever the form broke into lines.
	to.Set("rationale", "nb", "Uten dette kan\n ingen vite: «hvem» som \"svarer\".")
	saved, err := d.EditRequirement(ctx, kari, draft.ID, id, base, to, false)
	check(t, err)
	path := saved.Paths()[0]
	old, err := d.Live.File(path)
	check(t, err)
	if got := lines(saved.Files[path].Text, string(old)); len(got) != 1 || got[0] != `nb: "Uten dette kan ingen vite: «hvem» som \"svarer\"."` {
		t.Errorf("the file has the new lines %q", got)
	}
	// Somebody who began with the old text does not write over it.
	_, err = d.EditRequirement(ctx, ola, draft.ID, id, base, first.Requirement.Wording(), false)
	wantKey(t, err, "draft.wording-stale")
	// Somebody who edits another requirement is in nobody's way.
	other := before.Requirements[1]
	now, _ := d.Live.Content().Requirement(other.ID)
	vague := now.Wording()
	vague.Set("verify", "en", "Ask for a suitable plan.")
	saved, err = d.EditRequirement(ctx, ola, draft.ID, other.ID, now.WordingDigest(), vague, false)
	check(t, err)
	edited, err := d.Edited(ctx, kari, saved)
	check(t, err)
	if len(edited) != 2 || edited[0].Change.Kind != catalogue.ChangeReworded || len(edited[0].Findings) != 0 {
		t.Fatalf("edited %+v", edited)
	}
	if f := edited[1].Findings; len(f) != 1 || f[0].Key != "vague" || f[0].Field != "verify" || f[0].Lang != "en" {
		t.Errorf("lint finds %+v", f)
	}

	// A change in substance raises the edition above the released one, and asks
	// for a larger step.
	r := read()
	saved, err = d.EditRequirement(ctx, kari, draft.ID, id, r.Requirement.WordingDigest(), r.Requirement.Wording(), true)
	check(t, err)
	if r = read(); !r.Substance || r.Requirement.Edition != d.Live.Content().ReleasedEdition(id)+1 || r.Change.Kind != catalogue.ChangeSubstance {
		t.Errorf("in substance it is edition %d, %+v", r.Requirement.Edition, r.Change)
	}
	all, faults, err := d.Compare(ctx, kari, saved)
	check(t, err)
	if len(faults) != 0 || len(all) != 1 || all[0].Enough || all[0].Need.Requirement != id || all[0].Next != catalogue.NextVersion(before.Version, catalogue.StepMajor) {
		t.Fatalf("compared %+v, %v", all, faults)
	}
	if len(all[0].Changes) != 2 || all[0].Unchanged != len(before.Requirements)-2 {
		t.Errorf("%d changes, %d unchanged", len(all[0].Changes), all[0].Unchanged)
	}
	saved, err = d.EditRequirement(ctx, kari, draft.ID, id, r.Requirement.WordingDigest(), r.Requirement.Wording(), false)
	check(t, err)
	if strings.Count(saved.Files[path].Text, "edition:") != strings.Count(string(old), "edition:") {
		t.Errorf("the edition stays in the file")
	}

	// As it is in force again, the file has no place in the draft.
	r = read()
	_, err = d.EditRequirement(ctx, kari, draft.ID, id, r.Requirement.WordingDigest(), first.Requirement.Wording(), false)
	check(t, err)
	got, err := d.Get(ctx, kari, draft.ID)
	check(t, err)
	r2, err := d.Requirement(ctx, kari, got, other.ID)
	check(t, err)
	got, err = d.EditRequirement(ctx, kari, draft.ID, other.ID, r2.Requirement.WordingDigest(), now.Wording(), false)
	check(t, err)
	if edited, err = d.Edited(ctx, kari, got); err != nil || len(edited) != 0 {
		t.Errorf("what is as before counts as edited: %+v, %v", edited, err)
	}
	if len(got.Files) != 0 {
		t.Errorf("the draft still has %q", got.Paths())
	}
	_, err = d.Discard(ctx, kari, draft.ID, 0)
	check(t, err)
	_, err = d.EditRequirement(ctx, kari, draft.ID, id, base, to, false)
	wantKey(t, err, "draft.state")
}

func TestWordDiff(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"lik tekst", "lik tekst", "=lik tekst"},
		{"senest 24 timer etter", "senest 12 timer etter", "=senest |-24 |+12 |=timer etter"},
		{"én", "én to", "=én |+to"},
		{"", "ny", "+ny"},
		{"gammel", "", "-gammel"},
		{"a b c", "c", "-a b |=c"},
	} {
		var got []string
		for _, p := range catalogue.WordDiff(c.a, c.b) {
			got = append(got, map[catalogue.PieceOp]string{catalogue.PieceSame: "=", catalogue.PieceAdded: "+", catalogue.PieceRemoved: "-"}[p.Op]+p.Text)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%q to %q is %q, want %q", c.a, c.b, s, c.want)
		}
	}
}
