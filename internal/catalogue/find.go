package catalogue

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

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

	score int
}

// maxQueryWords bounds the work that one search can ask for.
const maxQueryWords = 8

// Find searches tasks, information types, measures and requirements in every
// language, best first. Every word of the query must be there: as an id, in a
// title or a text, or nearly in a title, since people mistype.
func (c *Catalogue) Find(query string) []Hit {
	terms := terms(query)
	if len(terms) == 0 {
		return nil
	}
	terms = terms[:min(len(terms), maxQueryWords)]
	var out []Hit
	look := func(h Hit) {
		for _, lang := range Languages() {
			h.score = max(h.score, match(terms, h, lang))
		}
		if h.score > 0 {
			out = append(out, h)
		}
	}
	for _, t := range c.Tasks {
		look(Hit{Kind: HitTask, ID: t.ID, Title: t.Name, Text: t.Description})
	}
	for _, t := range c.InformationTypes {
		look(Hit{Kind: HitInformation, ID: t.ID, Title: t.Name, Text: t.Description})
	}
	for _, m := range c.Measures {
		look(Hit{Kind: HitMeasure, ID: m.ID, Title: m.Title, Text: m.Text})
	}
	for _, r := range c.Requirements() {
		look(Hit{Kind: HitRequirement, ID: r.ID, Title: r.Title, Text: r.Text})
	}
	slices.SortStableFunc(out, func(a, b Hit) int { return cmp.Compare(b.score, a.score) })
	return out
}

// terms are the words of a query, in lower case.
func terms(query string) []string {
	return strings.FieldsFunc(strings.ToLower(query), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '.'
	})
}

// What a word is worth by where it stands.
const (
	scoreID       = 100
	scoreTitle    = 20 // a whole word of the title
	scoreBegins   = 12 // the beginning of one
	scoreWithin   = 8  // a part of one
	scoreMistyped = 5  // nearly one
	scoreText     = 3
)

// match is the sum over the words of the query, or 0 when one is missing.
func match(terms []string, h Hit, lang string) int {
	title, text := strings.ToLower(h.Title.In(lang)), strings.ToLower(h.Text.In(lang))
	words := strings.FieldsFunc(title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	sum := 0
	for _, t := range terms {
		best := 0
		switch {
		case t == strings.ToLower(h.ID):
			best = scoreID
		case strings.Contains(title, t):
			best = scoreWithin
		case strings.Contains(text, t):
			best = scoreText
		}
		for _, w := range words {
			switch {
			case w == t:
				best = max(best, scoreTitle)
			case strings.HasPrefix(w, t):
				best = max(best, scoreBegins)
			case best == 0 && mistyped(t, w):
				best = scoreMistyped
			}
		}
		if best == 0 {
			return 0
		}
		sum += best
	}
	return sum
}

// mistyped reports whether a word was meant: one letter is wrong in five, or
// two in nine. The word may go on after what was typed.
func mistyped(typed, word string) bool {
	if len(typed) < 5 {
		return false
	}
	limit := 1
	if len(typed) >= 9 {
		limit = 2
	}
	if distance(typed, word, limit) <= limit {
		return true
	}
	return len(word) > len(typed) && distance(typed, word[:len(typed)], limit) <= limit
}
