package own

import (
	"regexp"
	"slices"
	"strings"

	"felleskrav/internal/workbook/patch"
)

// Meaning is what a code in the type column says about a requirement.
type Meaning string

// The meanings.
const (
	Minimum     Meaning = "minimum"     // must be met
	Scored      Meaning = "scored"      // is given points
	Should      Meaning = "should"      // a wish, of which nothing says that it is scored
	Optional    Meaning = "optional"    // may be offered
	Information Meaning = "information" // no requirement
)

// Meanings lists all meanings.
func Meanings() []Meaning { return []Meaning{Minimum, Scored, Should, Optional, Information} }

// Code is one value in a type column.
type Code struct {
	Value string
	Count int
	// Meaning is what it says; empty when a person must tell.
	Meaning Meaning
	// From is where the file explains the code, as "Veiledning!B7"; empty when
	// the word explains itself.
	From string
}

// Ask reports whether a person must tell what the code means.
func (c Code) Ask() bool { return c.Meaning == "" }

// selfExplained are whole words that can mean one thing only. Letters are not
// among them: «B» is «bør» in one file and scored in another.
var selfExplained = map[string]Meaning{}

func init() {
	for m, list := range map[Meaning]string{
		Minimum:     "må|skal|absolutt|absolutt krav|absoluttkrav|obligatorisk|obligatorisk krav|minimum|minimumskrav|minstekrav|må-krav|skal-krav|ufravikelig|mandatory|must|shall|must have|måkrav|skalkrav",
		Scored:      "evaluering|evalueres|evaluert|evaluert krav|evalueringskrav|poengkrav|scored|evaluated|tildelingskriterium|vert evaluert|blir evaluert",
		Should:      "bør|bør-krav|børkrav|ønske|ønskelig|ønskje|ønskjeleg|should|should have",
		Optional:    "kan|kan-krav|kankrav|optional|valgfritt|valfritt|opsjon|nice to have|may|could|could have",
		Information: "informasjon|info|information|til informasjon",
	} {
		for w := range strings.SplitSeq(list, "|") {
			selfExplained[w] = m
		}
	}
}

// legend collects what a file says about its codes.
type legend struct {
	said map[string][]explained
}

type explained struct {
	meaning Meaning
	from    string
}

func newLegend() *legend { return &legend{said: map[string][]explained{}} }

// code is a code that a legend can explain: a letter, or a word that people
// write instead of one.
const code = `[A-ZÆØÅ]|Må|Skal|Bør|Kan|Must|Shall|Should|May|Could`

var (
	// «A = absolutt krav», «B-krav: evalueres», «M (må-krav) – …».
	defines = regexp.MustCompile(`^[\s•*·-]*(?:[Tt]ype |[Kk]ode |[Kk]rav |[Kk]ravtype )?[«"'(]?(` + code + `)[»"')]?(?:[- ]?krav(?:ene|a)?)?\s*(?:=|:|–|—| - |betyr|tyder|means|er |are )\s*(.{3,})$`)
	// «Krav merket A er absolutte, krav merket B evalueres».
	marked = regexp.MustCompile(`(?:merket|merka|markert|marked|av type|of type|kode|med)\s+[«"']?(` + code + `)[»"']?(?:[- ]krav)?\s+([^.;,\n]{3,90})`)
	// «A-krav er absolutte krav».
	named = regexp.MustCompile(`\b(` + code + `)-krav(?:ene|a)?\s+((?:er|skal|må|betyr|tyder|vil|blir|vert|evalueres|is|are|must)[^.;,\n]{3,90})`)
	// «(A = absolutt, B = evaluering)», also in a header.
	listed = regexp.MustCompile(`[«"']?\b(` + code + `)\b[»"']?\s*[=:]\s*([^,;/)\n]{2,60})`)
)

// read looks for explanations outside the tables of a sheet.
func (l *legend) read(v *view, tables []Table) {
	for _, r := range v.grid.Rows {
		if slices.ContainsFunc(tables, func(t Table) bool { return r.Number >= t.First && r.Number <= t.Last }) {
			continue
		}
		for i, c := range r.Cells {
			text := strings.TrimSpace(c.Text)
			if text == "" || len(text) > 4000 {
				continue
			}
			where := patch.Ref{Col: c.Col, Row: r.Number}.String()
			// A code with its explanation in the next cell.
			if code := strings.Trim(text, `«»"'()=: `); len([]rune(code)) == 1 || selfExplained[plain(code)] != "" {
				for _, next := range r.Cells[i+1:] {
					if s := strings.TrimSpace(next.Text); s != "" {
						if len([]rune(s)) > 3 {
							l.note(code, s, where)
						}
						break
					}
				}
				continue
			}
			for line := range strings.SplitSeq(strings.ReplaceAll(text, ". ", ".\n"), "\n") {
				if m := defines.FindStringSubmatch(line); m != nil && !listedTwice(line) {
					l.note(m[1], m[2], where)
					continue
				}
				for _, re := range []*regexp.Regexp{marked, named, listed} {
					for _, m := range re.FindAllStringSubmatch(line, 8) {
						l.note(m[1], m[2], where)
					}
				}
			}
		}
	}
}

func listedTwice(line string) bool { return len(listed.FindAllString(line, 3)) > 1 }

func (l *legend) note(code, text, where string) {
	code = strings.ToUpper(code)
	l.said[code] = append(l.said[code], explained{meaningOf(text), where})
}

var (
	negated = regexp.MustCompile(`(?:evalueres|evaluert|vurderes|poengsettes|poengsett|scores|scored|evaluated) (?:ikke|ikkje|not)|(?:ikke|ikkje|not|uten|utan|without) (?:evaluer\w*|vurder\w*|poeng\w*|scor\w*|evaluat\w*|absolut\w*|obligatorisk\w*|gjenstand for evaluering)|(?:må|skal) (?:ikke|ikkje)|ikke (?:et |eit )?(?:absolutt|må|krav)|trenger ikke|treng ikkje|need not|not (?:be )?(?:scored|evaluated|mandatory)`)
	words4  = map[Meaning][]string{
		Minimum:  {"absolut", "obligatorisk", "minimum", "minstekrav", "må ", "må-", "måkrav", "skal ", "skal-", "skalkrav", "ufravik", "avvis", "mandatory", "must", "shall"},
		Scored:   {"evaluer", "poeng", "tildelingskrit", "scored", "evaluat", "vekte", "konkurrer", "scoring"},
		Should:   {"bør", "ønsk", "should", "desir"},
		Optional: {"kan-", "valgfri", "valfri", "optional", "opsjon", "nice to have"},
	}
)

// meaningOf reads an explanation; empty when it says nothing plain.
func meaningOf(text string) Meaning {
	s := plain(text) + " "
	if m, ok := selfExplained[strings.TrimSpace(s)]; ok {
		return m
	}
	s = negated.ReplaceAllString(s, " ")
	has := func(m Meaning) bool { return containsAny(s, words4[m]) }
	switch {
	case has(Minimum) && has(Scored), has(Minimum) && has(Should):
		return ""
	case has(Minimum):
		return Minimum
	case has(Scored):
		return Scored
	case has(Should):
		return Should
	case has(Optional):
		return Optional
	case strings.HasPrefix(s, "informasjon"), strings.HasPrefix(s, "information"), containsAny(s, []string{"til informasjon", "for informasjon", "bare informasjon", "kun informasjon", "til orientering", "for information", "information only"}):
		return Information
	}
	return ""
}

// codes lists the values of a table's type column with what the file says
// about them. A code that is explained in two ways is asked about.
func (l *legend) codes(t Table) []Code {
	var out []Code
	for _, line := range t.Lines {
		if line.Type == "" {
			continue
		}
		i := slices.IndexFunc(out, func(c Code) bool { return c.Value == line.Type })
		if i < 0 {
			i = len(out)
			out = append(out, Code{Value: line.Type})
		}
		out[i].Count++
	}
	for i := range out {
		c := &out[i]
		said := l.said[strings.ToUpper(strings.TrimSpace(c.Value))]
		if len(said) == 0 {
			c.Meaning = selfExplained[plain(c.Value)]
			continue
		}
		for j, e := range said {
			if e.meaning == "" || j > 0 && e.meaning != said[0].meaning {
				c.Meaning, c.From = "", ""
				break
			}
			c.Meaning, c.From = e.meaning, e.from
		}
	}
	return out
}
