package supplier

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNearWords(t *testing.T) {
	for _, tt := range []struct {
		query, name string
		want        int
		ok          bool
	}{
		{"Fjordsky", "Fjordsky AS", 0, true},
		{"fjord", "Fjordsky AS", 0, true},
		{"fjordsy", "Fjordsky AS", 1, true},   // a letter missing
		{"fjorddsky", "Fjordsky AS", 1, true}, // one too many
		{"fjorssky", "Fjordsky AS", 1, true},  // another
		{"fjrodsky", "Fjordsky AS", 1, true},  // changed places
		{"fjordsyk", "Fjordsky AS", 1, true},
		{"vjordsky", "Fjordsky AS", 1, true}, // the first letter
		{"norslys platform", "Nordlys Plattform AS", 2, true},
		{"bølgg sak", "Bølge Sak AS", 1, true},
		{"vjordsyk", "Fjordsky AS", 0, false}, // two
		{"fjordsky drift", "Fjordsky AS", 0, false},
		{"myt", "Myr Lønn AS", 0, false}, // short words are spelt right
		{"myr", "Myr Lønn AS", 0, true},
		{"skyfjord", "Fjordsky AS", 0, false},
	} {
		got, ok := mistakes(wordsOf(tt.query), wordsOf(tt.name))
		if got != tt.want || ok != tt.ok {
			t.Errorf("%q for %q: %d, %v; want %d, %v", tt.query, tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

// TestOneMistakeLeavesAPiece holds what the store's part of the search rests on:
// whatever one mistake is made in a word, one of the pieces of what was typed
// is in the word itself.
func TestOneMistakeLeavesAPiece(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letter := rapid.RuneFrom([]rune("abcæøå"))
		word := rapid.SliceOfN(letter, 6, 14).Draw(t, "word")
		at := rapid.IntRange(0, len(word)-2).Draw(t, "at")
		typed := append([]rune{}, word...)
		switch rapid.SampledFrom([]string{"missing", "more", "other", "swapped"}).Draw(t, "mistake") {
		case "missing":
			typed = append(typed[:at], typed[at+1:]...)
		case "more":
			typed = append(append(append([]rune{}, word[:at]...), letter.Draw(t, "letter")), word[at:]...)
		case "other":
			typed[at] = letter.Draw(t, "letter")
		case "swapped":
			typed[at], typed[at+1] = typed[at+1], typed[at]
		}
		if n, ok := mistakes([]string{string(typed)}, []string{string(word)}); !ok {
			t.Fatalf("%q is %d from %q", string(typed), n, string(word))
		}
		p := piecesOf([]string{string(typed)})[0]
		if !strings.Contains(string(word), p[0]) && !strings.Contains(string(word), p[1]) {
			t.Fatalf("%q leaves neither %q nor %q of %q", string(typed), p[0], p[1], string(word))
		}
	})
}

func TestReadQuery(t *testing.T) {
	for in, want := range map[string]string{
		" NO 310 945 498 MVA ": "310945498", "310945498": "310945498", "310 945": "310945", "310.945": "310945", "Fjord": "Fjord", "": "", "7 fjell": "7 fjell",
	} {
		if got, _, err := readQuery(in); got != want || err != nil {
			t.Errorf("%q is read as %q, %v; want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{strings.Repeat("å", maxQuery+1), "\xff"} {
		if _, _, err := readQuery(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
