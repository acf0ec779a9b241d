package procurement

import (
	"cmp"
	"fmt"
	"slices"

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
	// Number is the line's number in the tender, such as "1.2.3"; see [Number].
	Number      string
	Requirement catalogue.Requirement
	ThemeName   catalogue.Text
	// Type is the buyer's choice, or else our suggestion.
	Type   string
	Weight int
	// Why holds the reasons for the requirement.
	Why selection.SelectedRequirement
}

// Kinds lists the kinds of requirement in the order of a tender. Procurement
// law keeps them apart: what is bought, who may bid, and the contract.
func Kinds() []catalogue.Kind {
	return []catalogue.Kind{catalogue.KindRequirement, catalogue.KindQualification, catalogue.KindContractTerm}
}

// Number puts the lines of a tender in order, kind by kind and theme by theme,
// and numbers them as annexes 1 and 2 of the state's standard agreements do:
// kind, theme and requirement. The first figure is always 1 for requirements,
// 2 for qualification requirements and 3 for contract terms; the others count
// from 1. The same lines always get the same numbers.
func Number(lines []Line) []Line {
	kinds := map[catalogue.Kind]int{}
	for i, k := range Kinds() {
		kinds[k] = i + 1
	}
	type group struct {
		kind  catalogue.Kind
		theme string
	}
	groups := map[group]int{} // by where the theme begins among those of the kind
	at := func(l Line) group { return group{l.Requirement.Kind, l.Requirement.Theme} }
	for _, l := range lines {
		if _, ok := groups[at(l)]; !ok {
			groups[at(l)] = len(groups)
		}
	}
	out := slices.Clone(lines)
	slices.SortStableFunc(out, func(a, b Line) int {
		return cmp.Or(cmp.Compare(kinds[a.Requirement.Kind], kinds[b.Requirement.Kind]), cmp.Compare(groups[at(a)], groups[at(b)]))
	})
	theme, n := 0, 0
	for i := range out {
		r := out[i].Requirement
		switch {
		case i == 0 || out[i-1].Requirement.Kind != r.Kind:
			theme, n = 1, 0
		case out[i-1].Requirement.Theme != r.Theme:
			theme, n = theme+1, 0
		}
		n++
		out[i].Number = fmt.Sprintf("%d.%d.%d", kinds[r.Kind], theme, n)
	}
	return out
}

// Lines lists the tender's requirements, numbered. Within a theme they stand
// in the order of the released sets, and the texts are those of the releases
// the procurement is bound to.
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
	return Number(out)
}
