package own

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"felleskrav/internal/catalogue"
)

// ReasonKind says what a match rests on.
type ReasonKind string

// The kinds of reason.
const (
	SameID        ReasonKind = "same-id"        // the row names our requirement
	SameText      ReasonKind = "same-text"      // the row has our text, in one of our languages
	SimilarText   ReasonKind = "similar-text"   // the texts have words in common
	SameReference ReasonKind = "same-reference" // both refer to the same place in a framework
)

// Reason is one reason for a match. Detail is what is the same: the id, the
// reference, or the words that the texts share.
type Reason struct {
	Kind   ReasonKind
	Detail string
}

// Match is a requirement of ours that a row may equal, with how much speaks
// for it, from 0 to 1, and why. It is a suggestion and nothing more.
type Match struct {
	Row         int
	Requirement string
	Score       float64
	Why         []Reason
}

// Bounds of what is suggested.
const (
	leastScore = 0.3
	mostPerRow = 3
)

// Matcher holds our requirements, ready to be compared with. It is safe for
// concurrent use.
type Matcher struct {
	reqs []catalogue.Requirement
	docs []doc
	// grams gives, for a piece of a word, the texts that have it.
	grams map[string][]posting
	idf   map[string]float64
	ids   map[string]int
	texts map[string]int
	// refs gives the requirements that refer to a place in a framework.
	refs map[string][]int
}

// doc is one requirement in one language.
type doc struct {
	req   int
	words map[string]bool
}

type posting struct {
	doc    int
	weight float64
}

// NewMatcher prepares requirements, each with its texts in all languages.
func NewMatcher(reqs []catalogue.Requirement) *Matcher {
	m := &Matcher{reqs: reqs, grams: map[string][]posting{}, idf: map[string]float64{}, ids: map[string]int{}, texts: map[string]int{}, refs: map[string][]int{}}
	var counts []map[string]float64
	for i, r := range reqs {
		m.ids[strings.ToUpper(r.ID)] = i
		for _, lang := range []string{"nb", "nn", "en"} {
			text := r.Text.In(lang)
			m.texts[plain(text)] = i
			m.texts[plain(r.Title.In(lang)+" "+text)] = i
			m.docs = append(m.docs, doc{i, significant(r.Title.In(lang) + " " + text)})
			// The text says what is demanded; the title only what about.
			counts = append(counts, pieces(text+" "+text+" "+r.Title.In(lang)))
		}
		for _, ref := range ourReferences(r.Crosswalk) {
			m.refs[ref] = append(m.refs[ref], i)
		}
	}
	for _, c := range counts {
		for g := range c {
			m.idf[g]++
		}
	}
	for g, n := range m.idf {
		m.idf[g] = math.Log(1 + float64(len(counts))/n)
	}
	for d, c := range counts {
		weigh(c, m.idf)
		for g, w := range c {
			m.grams[g] = append(m.grams[g], posting{d, w})
		}
	}
	return m
}

// weigh turns counts into weights of a vector of length 1.
func weigh(c, idf map[string]float64) {
	sum := 0.0
	for g, n := range c {
		w := (1 + math.Log(n)) * idf[g]
		c[g] = w
		sum += w * w
	}
	if sum == 0 {
		return
	}
	sum = math.Sqrt(sum)
	for g := range c {
		c[g] /= sum
	}
}

// gramSize is how many characters a piece of a word has. Norwegian writes
// compounds as one word and bends words at the end; pieces see through both.
const gramSize = 4

func pieces(text string) map[string]float64 {
	out := map[string]float64{}
	for w := range strings.FieldsFuncSeq(plain(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if common[w] {
			continue
		}
		r := []rune(" " + w + " ")
		if len(r) <= gramSize {
			out[string(r)]++
			continue
		}
		for i := 0; i+gramSize <= len(r); i++ {
			out[string(r[i:i+gramSize])]++
		}
	}
	return out
}

// common are words that stand in every requirement.
var common = map[string]bool{}

func init() {
	for w := range strings.FieldsSeq("og i på av for til med som at det den de er en et ei å skal må bør kan ha har være bli blir ved fra om eller når alle alt sin sitt sine seg leverandøren leverandør kunden kunde løsningen løsning tjenesten tjeneste tilbyder oppdragsgiver " +
		"ein eit vere frå dei ho han skildre leverandøren løysinga løysing tenesta teneste oppdragsgivar tilbydar kunden verksemda virksomheten " +
		"the a an and or of to in for with that is are be shall must should may by on from its their all supplier customer solution service") {
		common[w] = true
	}
}

func significant(text string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsFuncSeq(plain(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !common[w] && len([]rune(w)) > 3 {
			out[w] = true
		}
	}
	return out
}

// Suggest gives, row by row, the requirements that a row may equal, the best
// first; rows that equal none are not in it.
func (m *Matcher) Suggest(t Table) []Match {
	var out []Match
	for _, l := range t.Lines {
		out = append(out, m.line(l)...)
	}
	return out
}

var ourID = regexp.MustCompile(`\bK-[A-ZÆØÅ]{2,20}-\d{2}\b`)

func (m *Matcher) line(l Line) []Match {
	scores := map[int]*Match{}
	note := func(req int, score float64, why Reason) {
		x := scores[req]
		if x == nil {
			x = &Match{Row: l.Row, Requirement: m.reqs[req].ID}
			scores[req] = x
		}
		x.Score = min(1, x.Score+score)
		x.Why = append(x.Why, why)
	}
	for _, id := range ourID.FindAllString(strings.ToUpper(l.ID), 4) {
		if req, ok := m.ids[id]; ok {
			note(req, 1, Reason{SameID, id})
		}
	}
	if req, ok := m.texts[plain(l.Text)]; ok {
		note(req, 1, Reason{Kind: SameText})
	}
	m.similar(l, note)
	found := theirReferences(l.all)
	for _, ref := range slices.Sorted(maps.Keys(found)) {
		for _, req := range m.refs[ref] {
			note(req, 0.3/float64(len(m.refs[ref])), Reason{SameReference, ref})
		}
	}
	var out []Match
	for _, x := range scores {
		if x.Score >= leastScore {
			out = append(out, *x)
		}
	}
	slices.SortFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Requirement, b.Requirement))
	})
	return out[:min(len(out), mostPerRow)]
}

func (m *Matcher) similar(l Line, note func(int, float64, Reason)) {
	v := pieces(l.Text)
	weigh(v, m.idf)
	dots := make([]float64, len(m.docs))
	for g, w := range v {
		for _, p := range m.grams[g] {
			dots[p.doc] += w * p.weight
		}
	}
	best := map[int]int{}
	for d, dot := range dots {
		req := m.docs[d].req
		if b, ok := best[req]; dot > leastScore/3 && (!ok || dots[b] < dot) {
			best[req] = d
		}
	}
	words := significant(l.Text)
	for req, d := range best {
		var shared []string
		for w := range words {
			if m.docs[d].words[w] {
				shared = append(shared, w)
			}
		}
		slices.Sort(shared)
		note(req, dots[d], Reason{SimilarText, strings.Join(shared[:min(len(shared), 8)], ", ")})
	}
}

// ourReferences are the places a requirement refers to, as theirReferences
// writes them.
func ourReferences(c catalogue.Crosswalk) []string {
	var out []string
	for _, f := range []struct {
		name string
		ids  []string
	}{{"NSM", c.NSM}, {"ISO 27002", c.ISO27002}, {"CCM", c.CCM}, {"C5", c.C5}, {"GDPR", c.GDPR}} {
		for _, id := range f.ids {
			out = append(out, f.name+" "+strings.ToUpper(id))
		}
	}
	return out
}

var (
	nsmRef  = regexp.MustCompile(`\b[1-4]\.\d{1,2}\.\d{1,2}\b`)
	isoRef  = regexp.MustCompile(`(?:27002|27001|ISO)\D{0,3}(?::?20\d\d)?[^0-9\n]{0,25}\b(?:A\.)?([5-8]\.\d{1,2})\b`)
	ccmRef  = regexp.MustCompile(`\b[A-Z&]{3}-\d{2}\b`)
	c5Ref   = regexp.MustCompile(`\b[A-Z]{2,3}-\d{2}\b`)
	gdprRef = regexp.MustCompile(`(?i)art(?:ikkel|icle|\.)?\s*(\d{1,2})`)
)

// theirReferences finds places in frameworks that a row refers to. Numbers
// count only beside the name of their framework: ids of rows look alike.
func theirReferences(text string) map[string]bool {
	out := map[string]bool{}
	low := strings.ToLower(text)
	if strings.Contains(low, "nsm") || strings.Contains(low, "grunnprinsipp") {
		for _, id := range nsmRef.FindAllString(text, 8) {
			out["NSM "+id] = true
		}
	}
	for _, m := range isoRef.FindAllStringSubmatch(text, 8) {
		out["ISO 27002 "+m[1]] = true
	}
	if strings.Contains(text, "CCM") {
		for _, id := range ccmRef.FindAllString(text, 8) {
			out["CCM "+id] = true
		}
	}
	if strings.Contains(text, "C5") {
		for _, id := range c5Ref.FindAllString(text, 8) {
			out["C5 "+id] = true
		}
	}
	if strings.Contains(low, "gdpr") || strings.Contains(low, "personvernforordning") {
		for _, m := range gdprRef.FindAllStringSubmatch(text, 8) {
			out["GDPR "+m[1]] = true
		}
	}
	return out
}
