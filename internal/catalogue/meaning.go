package catalogue

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// NewMeaning tells whether a requirement that was released says something else
// altogether under the same id: over the three languages its title and demand
// share less than a fourth of their words with the released ones. A sharper or wider
// demand keeps most of its words and is a new edition; another demand needs
// another id, since answers, reviews and contracts refer to the old one. The
// same holds for an id that was retired: it may come back, but not with another
// meaning.
func NewMeaning(released, now Requirement) bool {
	shared, fewest := 0, 0
	for _, lang := range []string{"nb", "nn", "en"} {
		a, b := words(released, lang), words(now, lang)
		for w := range a {
			if b[w] {
				shared++
			}
		}
		fewest += min(len(a), len(b))
	}
	return 4*shared < fewest
}

// words are those of a requirement that carry meaning: the longer ones, less
// what every other requirement says.
func words(r Requirement, lang string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(r.Title.In(lang)+" "+r.Text.In(lang)), func(c rune) bool { return !unicode.IsLetter(c) }) {
		common := slices.ContainsFunc([]string{"leverand", "leveranse", "supplier", "offering", "kunde", "customer"}, func(p string) bool { return strings.HasPrefix(w, p) })
		if len(w) > 4 && !common {
			out[w] = true
		}
	}
	return out
}

// keepsMeaning checks every requirement of cat that was ever released against
// the release that has its highest edition, the latest of them. files tells
// where the requirement stands.
func keepsMeaning(cat *Catalogue, files tree) Faults {
	released := map[string]Requirement{}
	dates := map[string]string{}
	for _, v := range cat.Releases {
		for _, r := range v.Requirements {
			old, ok := released[r.ID]
			if !ok || r.Edition > old.Edition || r.Edition == old.Edition && v.Published >= dates[r.ID] {
				released[r.ID], dates[r.ID] = r, v.Published
			}
		}
	}
	var out Faults
	for _, r := range cat.Requirements() {
		old, ok := released[r.ID]
		if !ok {
			continue
		}
		key := ""
		switch {
		case max(r.Edition, 1) < max(old.Edition, 1):
			key = "edition-lower"
		case NewMeaning(old, r):
			key = "new-meaning"
		default:
			continue
		}
		file, line := whereIs(files, r.ID)
		out = append(out, Fault{File: file, Line: line, Key: key, Args: map[string]any{
			"ID": r.ID, "Value": max(r.Edition, 1), "Other": fmt.Sprint(max(old.Edition, 1)), "Detail": old.Title.NB,
		}})
	}
	return out
}

// whereIs finds the line on which a requirement begins.
func whereIs(files tree, id string) (file string, line int) {
	mark := []byte("id: " + id + "\n")
	for p, data := range files {
		if strings.HasPrefix(p, "themes/") {
			if at := bytes.Index(data, mark); at >= 0 {
				return p, 1 + bytes.Count(data[:at], []byte("\n"))
			}
		}
	}
	return "themes", 0
}

// sorted puts faults in file and line order.
func (fs Faults) sorted() Faults {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return fs
}
