package catalogue

import "strings"

// HitKind is what a search found.
type HitKind string

// The kinds, in display order.
const (
	HitTask        HitKind = "task"
	HitInformation HitKind = "information"
	HitMeasure     HitKind = "measure"
	HitRequirement HitKind = "requirement"
)

// HitKinds lists the kinds in display order.
func HitKinds() []HitKind { return []HitKind{HitTask, HitInformation, HitMeasure, HitRequirement} }

// Hit is one thing of the catalogue that a search found.
type Hit struct {
	Kind HitKind
	ID   string
	// Title and Text are what people are shown of it.
	Title, Text Text
}

// Find searches tasks, information types, measures and requirements by id and by
// text the way SearchTasks does, best first.
func (c *Catalogue) Find(query string) []Hit {
	all := c.everything()
	found := search(query, all.words)
	out := make([]Hit, len(found.Found))
	for i, f := range found.Found {
		out[i] = all.hits[f.ID]
	}
	return out
}

// everything is all that can be found. No two kinds share an id.
type everything struct {
	words []searched
	hits  map[string]Hit
}

func newEverything(c *Catalogue) everything {
	out := everything{hits: map[string]Hit{}}
	add := func(h Hit, also []string) {
		s := newSearched(h.ID, h.Title, h.Text, also)
		s.names = append(s.names, strings.Join(searchWords(h.ID), " "))
		s.name = append(s.name, withJoined(h.ID)...)
		out.words = append(out.words, s)
		out.hits[h.ID] = h
	}
	for _, t := range c.Tasks {
		add(Hit{Kind: HitTask, ID: t.ID, Title: t.Name, Text: t.Description}, t.Words)
	}
	for _, t := range c.InformationTypes {
		add(Hit{Kind: HitInformation, ID: t.ID, Title: t.Name, Text: t.Description}, nil)
	}
	for _, m := range c.Measures {
		add(Hit{Kind: HitMeasure, ID: m.ID, Title: m.Title, Text: m.Text}, nil)
	}
	for _, r := range c.Requirements() {
		add(Hit{Kind: HitRequirement, ID: r.ID, Title: r.Title, Text: r.Text}, nil)
	}
	return out
}
