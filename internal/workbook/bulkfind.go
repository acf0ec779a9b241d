package workbook

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/problem"
)

// squeeze leaves lower-case letters only, so that «Org.nr.», «Org nr» and
// «ORGNR» are one.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, clean(s))
}

// What a heading of organisation numbers has in it, squeezed: the strong are
// about nothing else, the weak may be.
var (
	strongHeadings = []string{
		"orgnr", "orgnummer", "orgno", "organisasjonsnr", "organisasjonsnummer", "organisasjonnummer", "foretaksnr", "foretaksnummer",
		"organisationnumber", "organizationnumber", "organisationno", "organizationno", "organisationalnumber", "organizationalnumber", "orgnumber",
	}
	weakHeadings     = []string{"companynumber", "companyno", "registrationnumber", "leverandørnummer", "leverandørnr", "leverandornr", "suppliernumber", "vendornumber", "mvanummer", "mvanr", "vatnumber"}
	supplierHeadings = []string{"leverandør", "leverandor", "tilbyder", "tilbydar", "supplier", "vendor", "bidder"}
	// offeringHeadings are whole headings: a column that says which of a
	// supplier's offerings the row is about.
	offeringHeadings = []string{"leveranse", "leveransen", "tjeneste", "teneste", "tjenestenavn", "tenestenamn", "løsning", "løysing", "system", "produkt", "offering", "service", "product"}
)

func anyIn(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// headingRank is 2 for a heading of organisation numbers, 1 for one that may
// be.
func headingRank(s string) int {
	q := squeeze(s)
	switch {
	case len(q) > 60:
		return 0
	case anyIn(q, strongHeadings):
		return 2
	case anyIn(q, weakHeadings):
		return 1
	}
	return 0
}

// grid is the rows of one sheet or file, the first at index 0.
type grid struct {
	sheet string
	rows  [][]string
	width int
}

func newGrid(sheet string, rows [][]string) grid {
	g := grid{sheet: sheet, rows: rows}
	for _, r := range rows {
		for len(r) > 0 && strings.TrimSpace(r[len(r)-1]) == "" {
			r = r[:len(r)-1]
		}
		g.width = max(g.width, len(r))
	}
	return g
}

func (g grid) cell(row, col int) string {
	if row < 1 || row > len(g.rows) || col < 1 || col > len(g.rows[row-1]) {
		return ""
	}
	return g.rows[row-1][col-1]
}

// candidate is a column that may hold the numbers.
type candidate struct {
	grid   *grid
	column int
	// header is the row of its heading, 0 without one, and rank what it says.
	header, rank int
	// valid is how many cells below it are numbers, filled how many are
	// anything.
	valid, filled int
}

func (c candidate) heading() string { return oneLine(c.grid.cell(c.header, c.column)) }

// name is how a person finds the column, and what the column parameter takes:
// «Ark1!B (Orgnr)».
func (c candidate) name() string {
	n := columnName(c.column)
	if c.grid.sheet != "" {
		n = c.grid.sheet + "!" + n
	}
	if h := c.heading(); h != "" {
		n += " (" + problem.Clip(h) + ")"
	}
	return n
}

func columnName(col int) string {
	n, err := excelize.ColumnNumberToName(col)
	if err != nil {
		return strconv.Itoa(col)
	}
	return n
}

// candidates looks at every column of a grid.
func (g *grid) candidates() []candidate {
	out := make([]candidate, g.width)
	for i := range out {
		out[i] = candidate{grid: g, column: i + 1}
	}
	for r, row := range g.rows {
		for i, cell := range row {
			if i >= len(out) {
				break
			}
			if cell == "" {
				continue
			}
			c := &out[i]
			if r < headerDepth && c.valid == 0 {
				if rank := headingRank(cell); rank > c.rank {
					if _, d := readNumber(cell); d != doubtNone {
						c.header, c.rank, c.filled = r+1, rank, 0
						continue
					}
				}
			}
			// Most cells of other columns are words: told apart cheaply.
			if !mayBeNumber(cell) {
				if strings.TrimSpace(cell) != "" {
					c.filled++
				}
				continue
			}
			c.filled++
			if _, d := readNumber(cell); d == doubtNone {
				c.valid++
			}
		}
	}
	return out
}

// fits reports whether the column may hold the list.
func (c candidate) fits() bool {
	share := 0.0
	if c.filled > 0 {
		share = float64(c.valid) / float64(c.filled)
	}
	switch c.rank {
	case 2:
		return c.filled > 0
	case 1:
		return share >= 0.3
	}
	// A title and a heading of unknown words stand above many lists.
	return c.valid > 0 && (share >= 0.5 || c.filled <= 3+2*c.valid)
}

// choose picks the column, or asks.
func choose(all []candidate) (candidate, error) {
	fit := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return !c.fits() })
	if len(fit) == 0 {
		return candidate{}, problem.New(problem.Invalid, "workbook.bulk.no-column", nil)
	}
	// A heading decides among columns with numbers in them; without any, the
	// content does.
	best := 0
	for _, c := range fit {
		if c.valid > 0 {
			best = max(best, c.rank+1)
		}
	}
	if best > 0 {
		fit = slices.DeleteFunc(fit, func(c candidate) bool { return c.valid == 0 || c.rank+1 < best })
	}
	most := slices.MaxFunc(fit, func(a, b candidate) int { return cmp.Compare(a.valid, b.valid) }).valid
	fit = slices.DeleteFunc(fit, func(c candidate) bool { return c.valid*4 < most })
	if len(fit) > 1 {
		named := slices.DeleteFunc(slices.Clone(fit), func(c candidate) bool { return !anyIn(squeeze(c.heading()), supplierHeadings) })
		if len(named) == 1 {
			fit = named
		}
	}
	if len(fit) > 1 {
		names := make([]string, 0, len(fit))
		for _, c := range fit[:min(len(fit), 10)] {
			names = append(names, c.name())
		}
		return candidate{}, problem.New(problem.Invalid, "workbook.bulk.ambiguous", problem.Args{"Candidates": strings.Join(names, ", ")})
	}
	return fit[0].withHeading(), nil
}

// withHeading finds the row of headings of a column that is known by its
// content: the row right above the first number, if it has words in it.
func (c candidate) withHeading() candidate {
	if c.header > 0 {
		return c
	}
	for r := 1; r <= min(len(c.grid.rows), headerDepth); r++ {
		if _, d := readNumber(c.grid.cell(r, c.column)); d != doubtNone {
			continue
		}
		if r > 1 && words(c.grid.rows[r-2]) {
			c.header = r - 1
		}
		break
	}
	return c
}

// words reports whether a row has cells and all of them are without digits.
func words(row []string) bool {
	some := false
	for _, cell := range row {
		if strings.ContainsAny(cell, "0123456789") {
			return false
		}
		some = some || strings.TrimSpace(cell) != ""
	}
	return some
}

// named picks the column that the sender names: by its heading, its letters
// («B»), or with the sheet before it («Ark1!B»).
func named(all []candidate, column string) (candidate, error) {
	want := oneLine(column)
	if i := strings.LastIndex(want, " ("); i > 0 && strings.HasSuffix(want, ")") && strings.Contains(want[:i], "!") {
		want = want[:i] // as we name it ourselves when we ask
	}
	sheet, rest, qualified := strings.Cut(want, "!")
	if !qualified {
		sheet, rest = "", want
	}
	var byHeading, byLetter []candidate
	for _, c := range all {
		if qualified && !strings.EqualFold(oneLine(c.grid.sheet), oneLine(sheet)) {
			continue
		}
		for r := 1; r <= min(len(c.grid.rows), headerDepth); r++ {
			if h := oneLine(c.grid.cell(r, c.column)); h != "" && strings.EqualFold(h, rest) && !valid(keepDigits(h)) {
				c.header = r
				byHeading = append(byHeading, c)
				break
			}
		}
		if strings.EqualFold(columnName(c.column), rest) {
			byLetter = append(byLetter, c)
		}
	}
	found := byHeading
	if len(found) == 0 {
		found = byLetter
	}
	if len(found) > 1 {
		// The same letter on several sheets: the one with numbers is meant.
		if some := slices.DeleteFunc(slices.Clone(found), func(c candidate) bool { return c.valid == 0 }); len(some) > 0 {
			found = some
		}
	}
	switch len(found) {
	case 0:
		return candidate{}, problem.New(problem.Invalid, "workbook.bulk.no-named", problem.Args{"Column": problem.Clip(want)})
	case 1:
		return found[0].withHeading(), nil
	}
	names := make([]string, 0, len(found))
	for _, c := range found[:min(len(found), 10)] {
		names = append(names, c.name())
	}
	return candidate{}, problem.New(problem.Invalid, "workbook.bulk.ambiguous", problem.Args{"Candidates": strings.Join(names, ", ")})
}

// offeringColumn finds the column that names offerings, 0 without one.
func (c candidate) offeringColumn() int {
	if c.header == 0 {
		return 0
	}
	found := 0
	for col := 1; col <= c.grid.width; col++ {
		if col != c.column && slices.Contains(offeringHeadings, squeeze(c.grid.cell(c.header, col))) {
			if found > 0 {
				return 0 // two say it: neither is believed
			}
			found = col
		}
	}
	return found
}
