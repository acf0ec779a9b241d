package procurement_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/requirements"
)

// edit is a change of content: in a file, old becomes new.
type edit struct{ file, old, new string }

// laterContent is the content as somebody edits it, with a release of
// skytjenester from after that.
func laterContent(t *testing.T, edits ...edit) *catalogue.Catalogue {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(requirements.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := requirements.FS.ReadFile(path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		text := string(files[e.file].Data)
		if !strings.Contains(text, e.old) {
			t.Fatalf("%s does not hold %q", e.file, e.old)
		}
		files[e.file].Data = []byte(strings.Replace(text, e.old, e.new, 1))
	}
	out, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	v, err := out.Freeze("skytjenester", "99.0.0", time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	out.Releases = append(out.Releases, v)
	return out
}

// The content that the procurement of the house is made on holds these.
const (
	leaves   = "K-KRYPTO-02"
	changes  = "K-TILGANG-03"
	newTitle = "Gjennomgang av tilganger hvert kvartal"
)

// joins finds a requirement that the set does not hold, and that a service at
// the levels of the procurement would be asked for.
func joins(t *testing.T, h *house, p procurement.Procurement) string {
	t.Helper()
	c := h.Catalogue.Content()
	in := c.SetRequirements("skytjenester")
	for _, r := range c.Requirements() {
		if !slices.Contains(in, r.ID) && r.AppliesTo(p.Basis.Actual(), p.Input.DeliveryModels) {
			return r.ID
		}
	}
	t.Fatal("the set holds everything")
	return ""
}

// later is content in which much of what the procurement rests on is another.
func later(t *testing.T, joining string, more ...edit) *catalogue.Catalogue {
	t.Helper()
	return laterContent(t, append([]edit{
		{"sets/skytjenester.yaml", "  - " + leaves + "\n", "  - " + joining + "\n"},
		{"themes/03-tilgang.yaml", "Gjennomgang av tilganger hver 6. måned", newTitle},
		{"tasks/fag.yaml", "      availability:\n        level: 3", "      availability:\n        level: 4"},
		{"measures/tilgang.yaml", "from: {confidentiality: 1, integrity: 1, availability: 2}", "from: {confidentiality: 0, integrity: 0, availability: 4}"},
	}, more...)...)
}

func ids(all []catalogue.Requirement) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.ID)
	}
	return out
}

// TestLaterContentChangesNothing reads, changes and reads again a procurement
// whose task, measures and set have all become others.
func TestLaterContentChangesNothing(t *testing.T) {
	h := newHouse(t)
	ctx, p := t.Context(), h.create(t)
	before, err := h.Tender(ctx, buyer, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if news, err := h.News(ctx, buyer, before, nil); err != nil || !news.None() {
		t.Errorf("news of a procurement just made: %+v, %v", news, err)
	}
	h.Catalogue = later(t, joins(t, h, p), edit{"tasks/fag.yaml", "id: fag.barnevern\n", "id: fag.barnevernet\n"})
	same := func(when string) {
		t.Helper()
		now, err := h.Tender(ctx, buyer, p.ID)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if diff := cmp.Diff(before.Lines, now.Lines); diff != "" {
			t.Errorf("%s, other lines: %s", when, diff)
		}
		if diff := cmp.Diff(before.Result, now.Result); diff != "" {
			t.Errorf("%s, other reasons: %s", when, diff)
		}
	}
	same("afterwards")
	p.Title, p.Choices = "Et annet navn", []procurement.Choice{{Requirement: leaves, Weight: 7}}
	if p, err = h.Update(ctx, buyer, p, p.Rev); err != nil {
		t.Fatalf("a title can no longer be changed: %v", err)
	}
	for i, l := range before.Lines {
		if l.Requirement.ID == leaves {
			before.Lines[i].Weight = 7
		}
	}
	same("after an update")
	now, err := h.Tender(ctx, buyer, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if news, err := h.News(ctx, buyer, now, nil); err != nil || !news.Rebinding.Gone {
		t.Errorf("the task is gone, but the news are %+v, %v", news.Rebinding, err)
	}
	if _, err := h.Rebind(ctx, buyer, p.ID, p.Rev); problem.KindOf(err) != problem.Invalid {
		t.Errorf("renewed without its task: %v", err)
	}
	// Who chooses something else gets what that leads to now.
	p.Input.Tasks = []string{"fag.barnevernet"}
	p.Choices = nil
	if p, err = h.Update(ctx, buyer, p, p.Rev); err != nil {
		t.Fatal(err)
	}
	if got := p.Basis.Actual().Availability; got != catalogue.Critical || p.Sets[0].Version == "99.0.0" {
		t.Errorf("after another task: availability %d, set %s", got, p.Sets[0].Version)
	}
}

// TestRebinding takes a procurement over to newer content, as it was told.
func TestRebinding(t *testing.T) {
	h := newHouse(t)
	ctx, p := t.Context(), h.create(t)
	joining := joins(t, h, p)
	left := "K-STYRING-06"
	p.Choices = []procurement.Choice{
		{Requirement: leaves, Type: procurement.TypeB, Weight: 9},
		{Requirement: changes, Type: procurement.TypeA},
		{Requirement: left, Excluded: true},
	}
	p, err := h.Update(ctx, buyer, p, p.Rev)
	if err != nil {
		t.Fatal(err)
	}
	bound := p.Sets[0].Version
	h.Catalogue = later(t, joining)
	h.facts.Catalogue = h.Catalogue
	tender, err := h.Tender(ctx, buyer, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	news, err := h.News(ctx, buyer, tender, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := news.Rebinding
	if news.None() || r.Nothing() || r.Gone || r.Late {
		t.Errorf("the rebinding is %+v", r)
	}
	if diff := cmp.Diff([]procurement.SetStep{{Set: "skytjenester", Name: tender.Versions[0].Name, From: bound, To: "99.0.0"}}, r.Sets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]procurement.LevelStep{{Dimension: catalogue.Availability, From: catalogue.High, To: catalogue.Critical}}, r.Levels); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(ids(r.In), joining) || !slices.Equal(ids(r.Out), []string{leaves}) {
		t.Errorf("in come %v, out go %v", ids(r.In), ids(r.Out))
	}
	if diff := cmp.Diff(p.Choices[:1], r.Lost); diff != "" {
		t.Error(diff)
	}
	if len(r.Changed) != 1 || r.Changed[0].Kind != catalogue.ChangeReworded || r.Changed[0].Requirement.Title.NB != newTitle {
		t.Errorf("changed: %+v", r.Changed)
	}

	if _, err := h.Rebind(ctx, buyer, p.ID, p.Rev-1); problem.KindOf(err) != problem.Stale {
		t.Errorf("renewed what somebody has changed: %v", err)
	}
	if _, err := h.Rebind(ctx, actor(other, access.Procurement), p.ID, p.Rev); problem.KindOf(err) != problem.NotFound {
		t.Errorf("renewed by another body: %v", err)
	}
	if _, err := h.Rebind(ctx, actor(agency, access.Adviser), p.ID, p.Rev); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("renewed by who may not write: %v", err)
	}
	deadline := h.now.Add(time.Hour)
	p.Deadline = &deadline
	if p, err = h.Update(ctx, buyer, p, p.Rev); err != nil {
		t.Fatal(err)
	}
	made := h.now
	h.now = deadline
	if tender, err = h.Tender(ctx, buyer, p.ID); err != nil {
		t.Fatal(err)
	}
	if news, err = h.News(ctx, buyer, tender, nil); err != nil || !news.Rebinding.Late {
		t.Errorf("at the deadline: %+v, %v", news.Rebinding, err)
	}
	if _, err := h.Rebind(ctx, buyer, p.ID, p.Rev); problem.KeyOf(err) != "procurement.rebind-late" {
		t.Errorf("renewed at the deadline: %v", err)
	}
	h.now = made

	if p, err = h.Rebind(ctx, buyer, p.ID, p.Rev); err != nil {
		t.Fatal(err)
	}
	if p.Sets[0].Version != "99.0.0" || !slices.EqualFunc(p.Choices, []string{changes, left}, func(c procurement.Choice, id string) bool { return c.Requirement == id }) {
		t.Errorf("renewed: %+v, %+v", p.Sets, p.Choices)
	}
	if tender, err = h.Tender(ctx, buyer, p.ID); err != nil {
		t.Fatal(err)
	}
	at := map[string]procurement.Line{}
	for _, l := range tender.Lines {
		at[l.Requirement.ID] = l
	}
	_, stays := at[leaves]
	_, back := at[left]
	if l := at[changes]; l.Requirement.Title.NB != newTitle || l.Type != procurement.TypeA || at[joining].Number == "" || stays || back {
		t.Errorf("the tender has %+v, %s joined %v, %s stays %v, %s is back %v", at[changes], joining, at[joining].Number != "", leaves, stays, left, back)
	}
	if news, err = h.News(ctx, buyer, tender, nil); err != nil || !news.Rebinding.Nothing() {
		t.Errorf("after it there is still %+v, %v", news.Rebinding, err)
	}
}

// TestAnswersToWhatHasChanged: what a bidder answered to one requirement is no
// answer to what the requirement has become. To one that is merely reworded, or
// the same, it is.
func TestAnswersToWhatHasChanged(t *testing.T) {
	h := newHouse(t)
	ctx, p := t.Context(), h.create(t)
	const same = "K-STYRING-06"
	answer := func() {
		t.Helper()
		h.now = h.now.Add(time.Minute)
		if _, err := h.AddResponse(ctx, buyer, p.ID, procurement.Response{Supplier: p.Bidders[1].Supplier, Answers: []procurement.ResponseAnswer{
			{Requirement: changes, Status: attestation.Met}, {Requirement: same, Status: attestation.Met},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	sources := func() (changed, unchanged procurement.Source) {
		t.Helper()
		tender, err := h.Tender(ctx, buyer, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range tender.Comparison.Rows {
			switch r.Line.Requirement.ID {
			case changes:
				changed = r.Cells[1].Source
			case same:
				unchanged = r.Cells[1].Source
			}
		}
		return changed, unchanged
	}
	rebind := func(edits ...edit) {
		t.Helper()
		h.Catalogue = later(t, joins(t, h, p), edits...)
		h.facts.Catalogue = h.Catalogue
		var err error
		if p, err = h.Rebind(ctx, buyer, p.ID, p.Rev); err != nil {
			t.Fatal(err)
		}
	}
	content, bound := h.Catalogue, p
	answer()
	rebind()
	if changed, unchanged := sources(); changed != procurement.FromResponse || unchanged != procurement.FromResponse {
		t.Errorf("after a rewording the answers are from %s and %s", changed, unchanged)
	}
	// As it was, and then with other figures.
	h.Catalogue = content
	var err error
	if p, err = h.Store.UpdateProcurement(ctx, p.ID, func(now procurement.Procurement) (procurement.Procurement, error) {
		now.Sets, now.Basis, now.Choices = bound.Sets, bound.Basis, bound.Choices
		return now, nil
	}); err != nil {
		t.Fatal(err)
	}
	theme := "themes/03-tilgang.yaml"
	rebind(edit{theme, "skal minst hver 6. måned gå gjennom hvem", "skal minst hver 3. måned gå gjennom hvem"},
		edit{theme, "skal minst kvar 6. månad gå gjennom kven", "skal minst kvar 3. månad gå gjennom kven"},
		edit{theme, "shall at least every 6 months review which", "shall at least every 3 months review which"})
	if changed, unchanged := sources(); changed != procurement.FromNothing || unchanged != procurement.FromResponse {
		t.Errorf("after a change the answers are from %s and %s", changed, unchanged)
	}
	answer()
	if changed, _ := sources(); changed != procurement.FromResponse {
		t.Errorf("a new answer is from %s", changed)
	}
}
