package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"felleskrav/internal/locale"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook/own"
)

// What one page of a table holds.
const (
	rowsOnPage  = 50
	mostAtOnce  = 500 // rows that are taken with one button
	codesOnPage = 40
	shownText   = 1200 // characters of a row's text
	undecided   = ""
	equalsNone  = "-"
)

// ownTable is one table as the form for it is drawn.
type ownTable struct {
	ownbook.TableView
	Row int // of the lowest header
	// Asked are the columns that a person must look at.
	Asked, Others []ownColumn
	Codes         []ownCode
	MoreCodes     int
	Lines         []ownLine
	// Shown names the rows of this page; those on others are left as they are.
	Shown string
	Page  int
	Pages int
	// Same is how many rows have the id or the text of a requirement and are
	// not decided, and Taken how many of them the form has just been filled with.
	Same, Taken int
	// Elsewhere is how many remembered rows stand on other pages.
	Elsewhere int
}

type ownColumn struct {
	own.Column
	Choices []Option
	Error   string
}

type ownCode struct {
	own.Code
	Number  int
	Choices []Option
	Error   string
}

type ownLine struct {
	own.Line
	Suggestions []ownSuggestion
	// None and Undecided are the two other choices.
	None, Undecided bool
	Other           string
	Error           string
	Taken           bool
}

type ownSuggestion struct {
	Requirement, Title, Word string
	Why                      []string
	Checked                  bool
}

// tableForm draws a table. values are what somebody has just sent, nil to draw
// what is stored; index is the place of the decision about the table, for the
// problems with it.
func tableForm(t *locale.Texts, v ownbook.TableView, lines []procurement.Line, values url.Values, page, index int, form *Form) *ownTable {
	out := &ownTable{TableView: v, Row: v.Header[len(v.Header)-1], Page: page}
	at := "decisions[" + strconv.Itoa(index) + "]"
	for _, c := range v.Columns {
		name := "col." + strconv.Itoa(c.Col)
		col := ownColumn{Column: c, Choices: []Option{{Value: "", Text: t.T("own-role.none")}}}
		role := string(c.Role)
		if values.Has(name) {
			role = values.Get(name)
		}
		for _, r := range own.Roles() {
			col.Choices = append(col.Choices, Option{Value: string(r), Text: t.T("own-role." + string(r)), Selected: role == string(r)})
		}
		col.Error = form.takeAs(fieldID(name), at+".columns["+strconv.Itoa(c.Col)+"]", c.Name()+" "+short80(c.Header))
		if c.Ask {
			out.Asked = append(out.Asked, col)
		} else {
			out.Others = append(out.Others, col)
		}
	}
	for i, c := range v.Codes[:min(len(v.Codes), codesOnPage)] {
		name := "code." + strconv.Itoa(i)
		code := ownCode{Code: c, Number: i, Choices: []Option{{Value: "", Text: t.T("own-meaning.none")}}}
		meaning := string(c.Meaning)
		if values.Has(name) && values.Get("codeval."+strconv.Itoa(i)) == c.Value {
			meaning = values.Get(name)
		}
		for _, m := range own.Meanings() {
			code.Choices = append(code.Choices, Option{Value: string(m), Text: t.T("own-meaning." + string(m)), Selected: meaning == string(m)})
		}
		code.Error = form.takeAs(fieldID(name), at+".codes["+c.Value+"]", c.Value)
		out.Codes = append(out.Codes, code)
	}
	out.MoreCodes = len(v.Codes) - len(out.Codes)
	accept := v.Accept()
	out.Same = len(accept)
	taken := map[int]string{}
	if values.Get("do") == "accept" {
		for _, l := range v.Lines {
			if r := accept[l.Row]; r != "" && len(taken) < mostAtOnce {
				taken[l.Row] = r
			}
		}
	}
	out.Taken = len(taken)
	out.lines(t, v, lines, values, taken, form, at)
	return out
}

// lines picks the rows of the page: first those somebody is about to save,
// then those with suggestions or an answer, then the rest.
func (out *ownTable) lines(t *locale.Texts, v ownbook.TableView, lines []procurement.Line, values url.Values, taken map[int]string, form *Form, at string) {
	titles := map[string]string{}
	for _, l := range lines {
		titles[l.Requirement.ID] = l.Requirement.Title.In(t.Lang)
	}
	sent := func(row int) bool {
		return values.Has("row."+strconv.Itoa(row)) || values.Has("other."+strconv.Itoa(row))
	}
	rank := func(l own.Line) int {
		switch {
		case taken[l.Row] != "", sent(l.Row):
			return 0
		case len(v.Suggestions[l.Row]) > 0, v.Rows[l.Row] != "":
			return 1
		}
		return 2
	}
	sorted := slices.Clone(v.Lines)
	slices.SortStableFunc(sorted, func(a, b own.Line) int { return cmp.Compare(rank(a), rank(b)) })
	size := max(rowsOnPage, slices.IndexFunc(sorted, func(l own.Line) bool { return rank(l) > 0 }))
	if len(sorted) > 0 && rank(sorted[len(sorted)-1]) == 0 {
		size = max(size, len(sorted))
	}
	size = min(size, mostAtOnce+rowsOnPage)
	out.Pages = max(1, (len(sorted)+size-1)/size)
	out.Page = min(max(out.Page, 1), out.Pages)
	here := sorted[min((out.Page-1)*size, len(sorted)):min(out.Page*size, len(sorted))]
	var shown []string
	for _, l := range here {
		shown = append(shown, strconv.Itoa(l.Row))
		x := ownLine{Line: l, Taken: taken[l.Row] != ""}
		x.Text = clip(l.Text, shownText)
		name := strconv.Itoa(l.Row)
		chosen := v.Rows[l.Row]
		if values.Has("row."+name) || values.Has("other."+name) {
			if chosen = requirementID(values.Get("other." + name)); chosen == "" {
				chosen = values.Get("row." + name)
			}
		}
		if x.Taken && chosen == undecided {
			chosen = taken[l.Row]
		}
		known := false
		for _, m := range v.Suggestions[l.Row] {
			s := ownSuggestion{Requirement: m.Requirement, Title: titles[m.Requirement], Word: ownbook.ScoreWord(t, m), Checked: chosen == m.Requirement}
			for _, r := range m.Why {
				s.Why = append(s.Why, ownbook.ReasonText(t, r))
			}
			known = known || s.Checked
			x.Suggestions = append(x.Suggestions, s)
		}
		x.None, x.Undecided = chosen == equalsNone, !known && chosen != equalsNone
		if !known && chosen != equalsNone {
			x.Other = chosen
		}
		x.Error = form.takeAs(fieldID("other."+name), at+".rows["+name+"]", t.T("page.own.row", "Row", l.Row))
		out.Lines = append(out.Lines, x)
	}
	out.Shown = strings.Join(shown, ",")
	if v.Remembered {
		for row := range v.Rows {
			if !slices.ContainsFunc(here, func(l own.Line) bool { return l.Row == row }) {
				out.Elsewhere++
			}
		}
	}
}

func requirementID(s string) string {
	id, _, _ := strings.Cut(line(s), " ") // people copy the title as well
	return strings.ToUpper(id)
}

// clip gives the first characters of a text.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func short80(s string) string { return clip(s, 80) }

// decisionOf reads the form of a table: what is said about the rows of the
// page, and for the rest what was decided before.
func decisionOf(v ownbook.TableView, before *own.Decision, values url.Values) own.Decision {
	d := own.Decision{Sheet: v.Sheet, Header: v.Header[len(v.Header)-1], Columns: map[int]own.Role{}, Codes: map[string]own.Meaning{}, Rows: map[int]string{}}
	if before != nil {
		for value, m := range before.Codes {
			d.Codes[value] = m
		}
		for row, r := range before.Rows {
			d.Rows[row] = r
		}
	}
	if v.Remembered && values.Get("elsewhere") != "" {
		for row, r := range v.Rows {
			d.Rows[row] = r
		}
	}
	for _, c := range v.Columns {
		if name := "col." + strconv.Itoa(c.Col); values.Has(name) {
			d.Columns[c.Col] = own.Role(values.Get(name))
		}
	}
	for i := range codesOnPage {
		value := values.Get("codeval." + strconv.Itoa(i))
		if value == "" {
			continue
		}
		delete(d.Codes, value)
		if m := values.Get("code." + strconv.Itoa(i)); m != "" {
			d.Codes[value] = own.Meaning(m)
		}
	}
	for name := range strings.SplitSeq(values.Get("shown"), ",") {
		row, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		delete(d.Rows, row)
		other, chosen := requirementID(values.Get("other."+name)), values.Get("row."+name)
		switch {
		case other != "":
			d.Rows[row] = other
		case chosen == equalsNone:
			d.Rows[row] = ""
		case chosen != undecided:
			d.Rows[row] = chosen
		}
	}
	return d
}
