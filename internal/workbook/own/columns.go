package own

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"felleskrav/internal/workbook/patch"
)

// profile is what stands in a column below its header.
type profile struct {
	filled   int
	rows     int
	length   float64 // of the filled cells, in characters
	distinct int
	ids      float64 // share that reads like an id
	yesNo    float64 // share that is an answer word
	codes    float64 // share that is a code of a type
	numbers  float64
	formulas int
	list     []string // of its drop-down
	hasList  bool
}

var (
	idLike = regexp.MustCompile(`^[A-ZÆØÅa-zæøå]{0,6}[-. ]?[A-ZÆØÅa-zæøå]{0,8}[-. ]?\d{1,5}([-.]([A-Za-z]{1,3}|\d{1,4}))*\.?$`)
	codes  = map[string]bool{}
)

func init() {
	for _, w := range strings.Fields("a b c m s k o v e må bør kan skal absolutt evaluering evalueres obligatorisk ønske ønskelig minimum mandatory optional must should may shall could høy middels lav minimumskrav evalueringskrav absoluttkrav a-krav b-krav c-krav o-krav v-krav bør-krav må-krav skal-krav kan-krav") {
		codes[w] = true
	}
	for _, w := range []string{"absolutt krav", "evaluert krav", "valgfritt", "valfritt", "tilleggskrav", "informasjon", "info", "must have", "should have", "nice to have", "evalueres", "poengkrav"} {
		codes[w] = true
	}
}

func (v *view) profile(col int, rows []int) profile {
	p := profile{rows: len(rows)}
	seen := map[string]bool{}
	ids, yes, code, numbers := 0, 0, 0, 0
	for _, row := range rows {
		c := v.grid.Cell(patch.Ref{Col: col, Row: row})
		if c.Formula {
			p.formulas++
		}
		text := v.at(row, col)
		if text == "" {
			continue
		}
		p.filled++
		p.length += float64(utf8.RuneCountInString(text))
		seen[text] = true
		low := plain(text)
		if idLike.MatchString(text) {
			ids++
		}
		if _, ok := answerWords[low]; ok {
			yes++
		}
		if codes[low] {
			code++
		}
		if c.Kind == patch.Number {
			numbers++
		}
	}
	p.distinct = len(seen)
	if n := float64(p.filled); n > 0 {
		p.length /= n
		p.ids, p.yesNo, p.codes, p.numbers = float64(ids)/n, float64(yes)/n, float64(code)/n, float64(numbers)/n
	}
	for _, l := range v.grid.Lists {
		if len(rows) > 0 && slices.ContainsFunc(l.Where, func(r patch.Range) bool {
			return r.Has(patch.Ref{Col: col, Row: rows[0]}) || r.Has(patch.Ref{Col: col, Row: rows[len(rows)-1]})
		}) {
			p.hasList = true
			p.list = l.Values
		}
	}
	return p
}

// share is how much of the column is filled.
func (p profile) share() float64 {
	if p.rows == 0 {
		return 0
	}
	return float64(p.filled) / float64(p.rows)
}

// answers reports whether the drop-down offers answer words.
func (p profile) answers() bool {
	n := 0
	for _, w := range p.list {
		if _, ok := answerWords[plain(w)]; ok {
			n++
		}
	}
	return n >= 2 || n == len(p.list) && n > 0
}

// fits says how well what stands in a column goes with a role, from -1 to 1.
func (p profile) fits(r Role) float64 {
	empty := p.share() < 0.05
	switch r {
	case RoleID:
		switch {
		case empty:
			return -0.5
		case p.ids > 0.7 && float64(p.distinct) > 0.7*float64(p.filled):
			return 0.25
		case p.length > 25:
			return -0.6
		case p.length <= 12:
			return 0.1
		}
	case RoleText:
		switch {
		case empty:
			return -0.6
		case p.length >= 30:
			return 0.25
		case p.ids > 0.7 || p.length < 8:
			return -0.5
		}
	case RoleType:
		switch {
		case p.codes > 0.8:
			return 0.3
		case p.hasList && !p.answers():
			return 0.15
		case empty:
			return -0.2
		case p.length > 16 || p.distinct > 8:
			return -0.6
		}
	case RoleTheme:
		switch {
		case p.codes > 0.6 || p.yesNo > 0.6:
			return -0.5
		case empty:
			return -0.2
		case p.length > 60:
			return -0.4
		case p.length >= 3:
			return 0.1
		}
	case RoleInstruction:
		switch {
		case p.share() > 0.3 && p.length >= 8 && p.yesNo < 0.3:
			return 0.15
		case empty:
			return -0.3
		}
	case RoleMet:
		switch {
		case p.answers() || p.yesNo > 0.7:
			return 0.4
		case !empty && p.length > 20:
			return -0.6
		case p.hasList:
			return 0.1
		}
	case RoleAnswer:
		switch {
		case p.answers() || p.yesNo > 0.7:
			return -0.5
		case empty:
			return 0.15
		case p.codes > 0.7 || p.ids > 0.8 && p.numbers < 0.5:
			return -0.3
		}
	case RoleWeight, RolePoints:
		switch {
		case p.numbers > 0.7:
			return 0.15
		case !empty && p.length > 12:
			return -0.5
		}
	case RoleReference, RoleDeviation, RoleComment:
		if empty {
			return 0.05
		}
	}
	return 0
}

// side says how well the group above a column goes with a role.
func side(group string, r Role) float64 {
	g := plain(group)
	if g == "" {
		return 0
	}
	switch {
	case containsAny(g, evaluationSide):
		if r == RolePoints || r == RoleComment {
			return 0.2
		}
		if ofSupplier[r] {
			return -0.3
		}
	case containsAny(g, supplierSide):
		if ofSupplier[r] {
			return 0.2
		}
		if ofBuyer[r] {
			return -0.3
		}
	case containsAny(g, buyerSide):
		if ofBuyer[r] {
			return 0.2
		}
		if ofSupplier[r] {
			return -0.3
		}
	}
	return 0
}

// near is how close two guesses may be before a person is asked.
const (
	near   = 0.15
	enough = 0.4
	safe   = 0.75
)

// assign gives each column a role, the surest first.
func assign(cols []headed, profiles []profile) []Column {
	type guess struct {
		col  int
		role Role
		sure float64
	}
	var all []guess
	for i, c := range cols {
		for _, m := range c.roles {
			all = append(all, guess{i, m.role, m.sure + profiles[i].fits(m.role) + side(c.group, m.role)})
		}
	}
	all = append(all, func() []guess {
		// A column with a header that says nothing to us may still be what the
		// table lacks: the texts, or the yes and no.
		var more []guess
		for i, c := range cols {
			if len(c.roles) > 0 {
				continue
			}
			p := profiles[i]
			if p.share() > 0.7 && p.length >= 30 {
				more = append(more, guess{i, RoleText, 0.45})
			}
			if p.answers() {
				more = append(more, guess{i, RoleMet, 0.45})
			}
			if p.share() > 0.7 && p.ids > 0.8 && float64(p.distinct) > 0.7*float64(p.filled) {
				more = append(more, guess{i, RoleID, 0.42})
			}
			if p.share() > 0.7 && p.codes > 0.9 {
				more = append(more, guess{i, RoleType, 0.42})
			}
		}
		return more
	}()...)
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(b.sure, a.sure) })
	out := make([]Column, len(cols))
	for i, c := range cols {
		out[i] = Column{Col: c.col, Header: c.text()}
		if c.group != "" && profiles[i].length < 4 {
			out[i].Tick = answerWords[plain(c.leaf)]
		}
	}
	used := map[Role]bool{}
	for _, g := range all {
		if out[g.col].Role == "" && !used[g.role] && g.sure >= enough {
			out[g.col].Role, out[g.col].Sure = g.role, min(1, g.sure)
			used[g.role] = true
		}
	}
	for i := range out {
		out[i].doubt(i, func(yield func(int, Role, float64)) {
			for _, g := range all {
				yield(g.col, g.role, g.sure)
			}
		})
	}
	return out
}

// doubt notes whether another role, or another column, was about as good.
func (c *Column) doubt(index int, guesses func(func(int, Role, float64))) {
	if c.Role == "" {
		guesses(func(col int, r Role, sure float64) {
			if col == index && sure >= enough-near && c.Other == "" {
				c.Ask, c.Other = true, r
			}
		})
		return
	}
	c.Ask = c.Sure < safe
	guesses(func(col int, r Role, sure float64) {
		switch {
		case col == index && r != c.Role && sure > c.Sure-near:
			c.Ask = true
			if c.Other == "" {
				c.Other = r
			}
		case col != index && r == c.Role && sure > c.Sure-near:
			c.Ask = true
		}
	})
}
