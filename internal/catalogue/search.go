package catalogue

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Search is what a search found.
type Search struct {
	Found []Found
	// Guessed tells that no text holds a word as it was typed, so that what was
	// found only looks like it.
	Guessed bool
}

// Found is one hit.
type Found struct {
	ID string
	// Also is the other word for it that was hit, or "" when the name or the
	// description was.
	Also string
}

// SearchTasks finds tasks by name, by other words for them and by description,
// in all three languages at once, best first. People mistype, leave out accents
// and inflect; what they mean is found all the same. The same search of the
// same content always gives the same order.
func (c *Catalogue) SearchTasks(q string) Search { return search(q, c.taskWords()) }

// SearchInformationTypes is SearchTasks for information types.
func (c *Catalogue) SearchInformationTypes(q string) Search { return search(q, c.infoWords()) }

func tasksSearched(tasks []Task) []searched {
	out := make([]searched, len(tasks))
	for i, t := range tasks {
		out[i] = newSearched(t.ID, t.Name, t.Description, t.Words)
	}
	return out
}

func informationSearched(types []InformationType) []searched {
	out := make([]searched, len(types))
	for i, t := range types {
		out[i] = newSearched(t.ID, t.Name, t.Description, nil)
	}
	return out
}

// searched is one thing to find, with its words as they are compared.
type searched struct {
	id          string
	names       []string // whole names, to be preferred when all of one was typed
	name        []string // their words
	also        []alias
	description []string
}

type alias struct{ shown, folded string }

func newSearched(id string, name, description Text, words []string) searched {
	s := searched{id: id}
	for _, n := range []string{name.NB, name.NN, name.EN} {
		s.names = append(s.names, strings.Join(searchWords(n), " "))
		s.name = append(s.name, withJoined(n)...)
	}
	for _, w := range words {
		for _, f := range withJoined(w) {
			s.also = append(s.also, alias{w, f})
		}
		s.also = append(s.also, alias{w, strings.Join(searchWords(w), "")})
	}
	for _, d := range []string{description.NB, description.NN, description.EN} {
		s.description = append(s.description, searchWords(d)...)
	}
	return s
}

const (
	maxSearch      = 200 // characters of a search that are looked at
	maxSearchWords = 10
)

// What a word counts for, by where and how it was found. A whole word counts
// for more than the beginning or the end of one, and that for more than a part
// inside.
const (
	wholeName    = 60 // on top, when all of the name was typed
	inName       = 100
	inAlso       = 90
	inText       = 40
	lessAtEdge   = 20
	lessInside   = 40
	likeWord     = 30
	likePart     = 20
	perDifferent = 5
)

func search(q string, entries []searched) Search {
	if r := []rune(q); len(r) > maxSearch {
		q = string(r[:maxSearch])
	}
	words := telling(searchWords(q))
	if len(words) == 0 {
		return Search{}
	}
	whole := strings.Join(searchWords(q), " ")
	points := make([]int, len(entries))
	hits := make([]int, len(entries)) // how many of the words were found
	also := make([]string, len(entries))
	out := Search{}
	for _, w := range words {
		found := false
		for i, e := range entries {
			p, a := e.holds(w)
			if p > 0 {
				found = true
				points[i] += p
				hits[i]++
				also[i] = cmp.Or(also[i], a)
			}
		}
		if found {
			continue
		}
		for i, e := range entries {
			if p, a := e.resembles(w); p > 0 {
				out.Guessed = true
				points[i] += p
				hits[i]++
				also[i] = cmp.Or(also[i], a)
			}
		}
	}
	// What holds the most of the words is meant, and what is at least as good: a
	// slip can be a small word by itself, which some description holds.
	most := slices.Max(append([]int{0}, hits...))
	enough := 0
	for i := range entries {
		if hits[i] == most {
			enough = max(enough, points[i])
		}
	}
	var at []int
	for i, e := range entries {
		if most == 0 || hits[i] < most && points[i] < enough {
			continue
		}
		if slices.Contains(e.names, whole) {
			points[i] += wholeName
		}
		at = append(at, i)
	}
	// Those equally good stand as in the catalogue.
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(points[b], points[a]) })
	for _, i := range at {
		out.Found = append(out.Found, Found{entries[i].id, also[i]})
	}
	return out
}

// holds tells what a word counts for in an entry that holds it as typed, and
// the other word it was found in, if the name does not hold it.
func (s searched) holds(w string) (int, string) {
	best, also := 0, ""
	for _, n := range s.name {
		best = max(best, part(n, w, inName))
	}
	named := best > 0
	for _, a := range s.also {
		if p := part(a.folded, w, inAlso); p > best {
			best, also = p, a.shown
		}
	}
	if named {
		also = ""
	}
	for _, d := range s.description {
		if p := part(d, w, inText); p > best {
			best, also = p, ""
		}
	}
	return best, also
}

// part compares a word of a text with one of the search.
func part(text, w string, full int) int {
	n := len([]rune(w))
	switch {
	case text == w:
		return full
	case strings.HasPrefix(text, w) && n >= 2, strings.HasSuffix(text, w) && n >= 4: // what ends a compound is what it is about
		return max(1, full-lessAtEdge)
	case strings.Contains(text, w) && n >= 4:
		return max(1, full-lessInside)
	default:
		return 0
	}
}

// resembles is holds for a word that may be mistyped. Descriptions are left
// out: among that many words there is always one that looks alike.
func (s searched) resembles(w string) (int, string) {
	best, also := 0, ""
	for _, n := range s.name {
		best = max(best, alike(n, w))
	}
	for _, a := range s.also {
		if p := alike(a.folded, w); p > best {
			best, also = p, a.shown
		}
	}
	return best, also
}

func alike(text, w string) int {
	t, q := []rune(text), []rune(w)
	if allowed := mistakes(len(q)); allowed > 0 {
		if d := mistyped(q, t, false); d <= allowed {
			return likeWord - perDifferent*d
		}
	}
	if len(t) >= 5 && strings.HasPrefix(w, text) { // "barnevernssystem"
		return likePart
	}
	// The beginning of a long word, or a part of a compound.
	if len(q) < 6 || len(t) < len(q) {
		return 0
	}
	if d := mistyped(q, t, true); d <= mistakes(len(q)-1) {
		return likePart - perDifferent*d
	}
	return 0
}

// mistakes is how many slips are forgiven in a word of n letters.
func mistakes(n int) int {
	switch {
	case n < 4:
		return 0
	case n < 8:
		return 1
	default:
		return 2
	}
}

// mistyped counts the slips between what was typed and a text: a letter too
// many, one missing, one wrong, or two that changed places (optimal string
// alignment). inside compares with the part of the text that fits best.
func mistyped(typed, text []rune, inside bool) int {
	before := make([]int, len(text)+1) // two rows up
	above := make([]int, len(text)+1)
	row := make([]int, len(text)+1)
	if !inside {
		for j := range above {
			above[j] = j
		}
	}
	for i := range typed {
		row[0] = i + 1
		for j := range text {
			wrong := 1
			if typed[i] == text[j] {
				wrong = 0
			}
			row[j+1] = min(above[j]+wrong, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && typed[i] == text[j-1] && typed[i-1] == text[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	if inside {
		return slices.Min(above)
	}
	return above[len(text)]
}

// bare are the letters that do not come apart into a letter and a mark.
var bare = map[rune]rune{'æ': 'a', 'ø': 'o', 'đ': 'd', 'ŋ': 'n', 'ŧ': 't'}

// fold writes words the way people do who have no Norwegian keyboard: "ø", "oe"
// and "ö" are all "o", and "å", "aa", "æ" and "ae" are "a".
func fold(s string) string {
	var out strings.Builder
	var last rune
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if b, ok := bare[r]; ok {
			r = b
		}
		if last == 'a' && (r == 'a' || r == 'e') || last == 'o' && r == 'e' {
			last = 0 // the pair is one letter, and no part of another pair
			continue
		}
		out.WriteRune(r)
		last = r
	}
	return out.String()
}

// searchWords gives the words of a text as they are compared. A hyphen parts
// words, but for a single letter: "e-post" is "epost".
func searchWords(s string) []string {
	var out []string
	for _, chunk := range chunks(s) {
		parts := strings.FieldsFunc(chunk, isHyphen)
		if slices.ContainsFunc(parts, func(p string) bool { return len([]rune(p)) == 1 }) {
			parts = []string{strings.Join(parts, "")}
		}
		out = append(out, parts...)
	}
	return out
}

// withJoined is searchWords with the parts of a hyphenated word as one too.
func withJoined(s string) []string {
	out := searchWords(s)
	for _, chunk := range chunks(s) {
		if parts := strings.FieldsFunc(chunk, isHyphen); len(parts) > 1 {
			out = append(out, strings.Join(parts, ""))
		}
	}
	return out
}

func chunks(s string) []string {
	return strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !isHyphen(r) })
}

func isHyphen(r rune) bool { return r == '-' || r == '‑' || r == '/' }

// idle are words that say nothing about what is looked for, folded: small
// words, and those that fit every purchase.
var idle = strings.Fields("og i pa for til av med en et ei som the and of a an to in with " +
	"system systemet systemer systems losning losningen loysing loysinga solution tjeneste tjenesten teneste tenesta service program verktoy tool fagsystem")

// telling drops words that say nothing, unless there are no others.
func telling(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(idle, w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	if len(out) == 0 {
		out = words
	}
	return out[:min(len(out), maxSearchWords)]
}
