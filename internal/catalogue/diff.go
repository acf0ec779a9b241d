package catalogue

import (
	"reflect"
	"strings"
)

// ChangeKind says what happened to a requirement between two versions.
type ChangeKind string

// The kinds of change.
const (
	ChangeAdded     ChangeKind = "added"     // must be answered
	ChangeRemoved   ChangeKind = "removed"   // the answer is no longer asked for
	ChangeUnchanged ChangeKind = "unchanged" // the answer carries over
	ChangeReworded  ChangeKind = "reworded"  // the answer carries over after confirmation
	ChangeSubstance ChangeKind = "substance" // must be answered again
)

// Change is what happened to one requirement between two versions.
type Change struct {
	Requirement string     `json:"requirement"`
	Kind        ChangeKind `json:"kind"`
	// Fields names what differs.
	Fields []string `json:"fields,omitempty"`
}

// Diff says per requirement what changed from one version of a set to
// another: first those of the newer version in its order, then those removed.
//
// What a supplier answers to is the demand. A new edition, a figure in the
// text that is another one, another kind, another delivery model or another
// level from which it applies is a change in substance. Every other change, of
// the text's words too, is a rewording: the editors say by not raising the
// edition that the demand is the same.
func Diff(from, to Version) []Change {
	var out []Change
	for _, r := range to.Requirements {
		old, ok := from.Requirement(r.ID)
		if !ok {
			out = append(out, Change{Requirement: r.ID, Kind: ChangeAdded})
			continue
		}
		out = append(out, compare(old, r))
	}
	for _, r := range from.Requirements {
		if _, ok := to.Requirement(r.ID); !ok {
			out = append(out, Change{Requirement: r.ID, Kind: ChangeRemoved})
		}
	}
	return out
}

// Compare says what changed from one text of a requirement to another.
func Compare(from, to Requirement) Change { return compare(from, to) }

func compare(a, b Requirement) Change {
	c := Change{Requirement: b.ID, Kind: ChangeUnchanged}
	note := func(field string, differs bool, kind ChangeKind) {
		if !differs {
			return
		}
		c.Fields = append(c.Fields, field)
		if c.Kind != ChangeSubstance {
			c.Kind = kind
		}
	}
	note("edition", max(a.Edition, 1) != max(b.Edition, 1), ChangeSubstance)
	if a.Text != b.Text { // most often it is not, and figures take time to find
		note("figures", figures(a.Text) != figures(b.Text), ChangeSubstance)
		note("text", true, ChangeReworded)
	}
	note("kind", a.Kind != b.Kind, ChangeSubstance)
	note("from", a.From != b.From, ChangeSubstance)
	note("deliveryModels", !same(a.DeliveryModels, b.DeliveryModels), ChangeSubstance)
	note("title", a.Title != b.Title, ChangeReworded)
	note("rationale", a.Rationale != b.Rationale, ChangeReworded)
	note("verify", a.Verify != b.Verify, ChangeReworded)
	note("suggested", a.Suggested != b.Suggested, ChangeReworded)
	note("measures", !same(a.Measures, b.Measures), ChangeReworded)
	note("evidence", !same(a.Evidence, b.Evidence), ChangeReworded)
	note("law", !same(a.Law, b.Law), ChangeReworded)
	note("crosswalk", !reflect.DeepEqual(a.Crosswalk, b.Crosswalk), ChangeReworded)
	return c
}

var figureRE = matching(`[0-9]+([.,][0-9]+)*`)

// figures are the numbers a text states, in order, in each language. A
// deadline that changes is never mere wording.
func figures(t Text) string {
	var all []string
	for _, s := range []string{t.NB, t.NN, t.EN} {
		all = append(all, strings.Join(figureRE().FindAllString(s, -1), " "))
	}
	return strings.Join(all, "|")
}

// same treats an absent list and an empty one alike.
func same[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// CarriesOver tells which requirements of the newer version an answer to the
// older one still answers: those unchanged or reworded.
func CarriesOver(from, to Version) map[string]bool {
	out := map[string]bool{}
	for _, c := range Diff(from, to) {
		if c.Kind == ChangeUnchanged || c.Kind == ChangeReworded {
			out[c.Requirement] = true
		}
	}
	return out
}
