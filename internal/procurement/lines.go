package procurement

import (
	"felleskrav/internal/catalogue"
	"felleskrav/internal/selection"
)

// The two types a Norwegian tender uses: A must be met, B is scored.
const (
	TypeA = "A"
	TypeB = "B"
)

// Line is one requirement as it stands in the tender.
type Line struct {
	Requirement catalogue.Requirement
	ThemeName   catalogue.Text
	// Type is the buyer's choice, or else our suggestion.
	Type   string
	Weight int
	// Why holds the reasons for the requirement.
	Why selection.SelectedRequirement
}

// Lines lists the tender's requirements in the order of the released sets.
// The texts are those of the releases the procurement is bound to.
func (p Procurement) Lines(result selection.Result, versions []catalogue.Version) []Line {
	selected := map[string]selection.SelectedRequirement{}
	for _, r := range result.Requirements {
		selected[r.ID] = r
	}
	choices := map[string]Choice{}
	for _, c := range p.Choices {
		choices[c.Requirement] = c
	}
	seen := map[string]bool{}
	var out []Line
	for _, v := range versions {
		themes := map[string]catalogue.Text{}
		for _, t := range v.Themes {
			themes[t.ID] = t.Name
		}
		for _, r := range v.Requirements {
			why, ok := selected[r.ID]
			c := choices[r.ID]
			if !ok || seen[r.ID] || c.Excluded {
				continue
			}
			seen[r.ID] = true
			l := Line{Requirement: r, ThemeName: themes[r.Theme], Type: c.Type, Weight: c.Weight, Why: why}
			if l.Type == "" {
				l.Type = TypeB
				if r.Suggested == catalogue.SuggestedAbsolute {
					l.Type = TypeA
				}
			}
			out = append(out, l)
		}
	}
	return out
}
