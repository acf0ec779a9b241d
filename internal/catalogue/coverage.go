package catalogue

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Covered is one row of a coverage table: something of another source, and
// what of ours answers it.
type Covered struct {
	// Source and ID name it: an NSM measure, or a section of a law.
	Source string `json:"source"`
	ID     string `json:"id"`
	// Measures and Requirements are ours that refer to it, and requirements
	// that serve those measures.
	Measures     []string `json:"measures"`
	Requirements []string `json:"requirements"`
	// Reason says why nothing does.
	Reason *Text `json:"reason,omitempty"`
}

// nsmSource is the id of NSM's Grunnprinsipper in sources.yaml.
const nsmSource = "nsm-gp-2.1"

// CoverageOfNSM lists all 118 measures of NSM's Grunnprinsipper 2.1 with our
// measures and requirements.
func (c *Catalogue) CoverageOfNSM() []Covered {
	var out []Covered
	for _, id := range enumerate("%s.%d", nsmCounts) {
		row := Covered{Source: nsmSource, ID: id}
		c.cover(&row, func(m Measure) bool { return slices.Contains(m.NSM, id) }, func(r Requirement) bool { return slices.Contains(r.Crosswalk.NSM, id) })
		for _, u := range c.Unlinked {
			if u.Source == nsmSource && u.ID == id {
				row.Reason = &u.Reason
			}
		}
		out = append(out, row)
	}
	return out
}

// CoverageOfLaw lists every section of law that the content refers to, by
// source and section, with our measures and requirements.
func (c *Catalogue) CoverageOfLaw() []Covered {
	refs := map[LawRef]bool{}
	for _, m := range c.Measures {
		for _, l := range m.Law {
			refs[l] = true
		}
	}
	for _, r := range c.Requirements() {
		for _, l := range r.Law {
			refs[l] = true
		}
	}
	var out []Covered
	for ref := range refs {
		row := Covered{Source: ref.Source, ID: ref.Section}
		c.cover(&row, func(m Measure) bool { return slices.Contains(m.Law, ref) }, func(r Requirement) bool { return slices.Contains(r.Law, ref) })
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b Covered) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID)) })
	return out
}

func (c *Catalogue) cover(row *Covered, measure func(Measure) bool, requirement func(Requirement) bool) {
	for _, m := range c.Measures {
		if measure(m) {
			row.Measures = append(row.Measures, m.ID)
		}
	}
	for _, r := range c.Requirements() {
		serves := slices.ContainsFunc(r.Measures, func(id string) bool { return slices.Contains(row.Measures, id) })
		if serves || requirement(r) {
			row.Requirements = append(row.Requirements, r.ID)
		}
	}
}

// WriteCoverage writes both tables as Markdown.
func (c *Catalogue) WriteCoverage(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Coverage\n\nGenerated from the content by `make generate`; do not edit. Ids only: the texts of other sources stay with them.\n")
	table := func(title, first string, rows []Covered) {
		fmt.Fprintf(&b, "\n## %s\n\n| %s | our measures | our requirements |\n|---|---|---|\n", title, first)
		for _, r := range rows {
			name := r.ID
			if r.Source != nsmSource {
				s, _ := c.Source(r.Source)
				name = strings.TrimSpace(s.Name.NB + " " + r.ID)
			}
			requirements := strings.Join(r.Requirements, " ")
			if r.Reason != nil {
				requirements = "not linked: " + r.Reason.EN
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.Join(r.Measures, " "), requirements)
		}
	}
	nsm := c.CoverageOfNSM()
	linked := 0
	for _, r := range nsm {
		if len(r.Measures) > 0 {
			linked++
		}
	}
	table(fmt.Sprintf("NSM Grunnprinsipper for IKT-sikkerhet 2.1: %d of %d measures linked", linked, len(nsm)), "NSM", nsm)
	table("Law", "section", c.CoverageOfLaw())
	_, err := io.WriteString(w, b.String())
	return err
}
