package workbook

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook/patch"
)

// allColumns are the columns readers look for.
var allColumns = []string{
	colNumber, colID, colKind, colTheme, colRequirement, colType, colDocument, colWeight, colMet, colAnswer, colEvidence, colDeviation, colFiles,
}

// Reader reads workbooks that strangers filled in. It is safe for concurrent
// use.
type Reader struct {
	limits Limits
	words  vocabulary
	texts  *locale.Bundle
	// turns are taken by those who verify what anybody may have sent.
	turns chan struct{}
}

// NewReader makes a reader that understands the words of the bundle's
// languages.
func NewReader(b *locale.Bundle, l Limits) *Reader {
	return &Reader{limits: l, words: newVocabulary(b), texts: b, turns: make(chan struct{}, 2)}
}

// opened is a file with its tables of requirements.
type opened struct {
	file    *patch.File
	payload *payload // nil when the file has none that holds together
	formula bool
	tables  []*table
}

// table is one table of requirements.
type table struct {
	*opened
	sheet   string
	header  int // row number of the header
	columns map[string]int
	rows    [][]string // all rows of the sheet, the first at index 0
}

// open checks a file and finds its tables.
func (rd *Reader) open(r io.ReaderAt, size int64, kind string) (_ *opened, err error) {
	found, err := inspect(r, size, rd.limits)
	if err != nil {
		return nil, err
	}
	f, err := openPatch(r, size)
	if err != nil {
		return nil, err
	}
	o := &opened{file: f, formula: found.formulas}
	o.payload, err = hidden(f, found.rows)
	if err != nil {
		return nil, err
	}
	if o.payload != nil && o.payload.Kind != kind {
		return nil, problem.New(problem.Invalid, "workbook.error.wrong-kind", nil)
	}
	if err := rd.locate(o, found.rows, kind); err != nil {
		return nil, err
	}
	return o, nil
}

// openPatch opens a file that has been inspected.
func openPatch(r io.ReaderAt, size int64) (*patch.File, error) {
	f, err := patch.Open(io.NewSectionReader(r, 0, size), size)
	if errors.Is(err, patch.ErrSigned) {
		return nil, problem.New(problem.Refused, "workbook.own.signed", nil)
	}
	if err != nil {
		return nil, damaged(err)
	}
	return f, nil
}

// gridRows gives the texts of a sheet, from its first row down to the last one
// with content; none when there is no such sheet.
func gridRows(f *patch.File, sheet string, last int) ([][]string, error) {
	s, ok := f.Sheet(sheet)
	if !ok {
		return nil, nil
	}
	g, err := f.Grid(s)
	if err != nil {
		return nil, damaged(err)
	}
	var out [][]string
	for _, r := range g.Rows {
		if r.Number > last {
			break
		}
		for len(out) < r.Number {
			out = append(out, nil)
		}
		cells := r.Cells
		for len(cells) > 0 && cells[len(cells)-1].Text == "" {
			cells = cells[:len(cells)-1]
		}
		if len(cells) == 0 {
			continue
		}
		texts := make([]string, cells[len(cells)-1].Col) // within the limits on columns
		for _, c := range cells {
			texts[c.Col-1] = c.Text
		}
		out[r.Number-1] = texts
	}
	return out, nil
}

// openFile parses a file that has been inspected.
func (rd *Reader) openFile(r io.ReaderAt, size int64) (*excelize.File, error) {
	f, err := excelize.OpenReader(io.NewSectionReader(r, 0, size), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: rd.limits.MaxUnzipped + 1<<20, UnzipXMLSizeLimit: min(16<<20, rd.limits.MaxUnzipped),
	})
	if err != nil {
		return nil, damaged(err)
	}
	return f, nil
}

// readRows reads a sheet up to the last row with content.
func readRows(f *excelize.File, sheet string, last int) ([][]string, error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	var out [][]string
	for len(out) < last && rows.Next() {
		cols, err := rows.Columns()
		if err != nil {
			return nil, damaged(err)
		}
		out = append(out, cols)
	}
	if err := rows.Error(); err != nil {
		return nil, damaged(err)
	}
	return out, nil
}

// hidden reads the hidden sheet. One that is missing or does not hold
// together gives nil: the table is then found by its header.
func hidden(f *patch.File, last int) (*payload, error) {
	rows, err := gridRows(f, hiddenSheet, last)
	if err != nil {
		return nil, err
	}
	var data strings.Builder
	want := ""
	for _, r := range rows {
		if len(r) < 2 {
			continue
		}
		switch r[0] {
		case "payload-sha256":
			want = r[1]
		case "payload":
			data.WriteString(r[1])
		}
	}
	sum := sha256.Sum256([]byte(data.String()))
	if hex.EncodeToString(sum[:]) != want {
		return nil, nil
	}
	p, ok := parsePayload([]byte(data.String()))
	if !ok {
		return nil, nil
	}
	return p, nil
}

// locate finds the tables: on the sheets the hidden map names, and, when it
// does not find all of them there, on other sheets that have a header of a
// table and an id no table before has. Somebody may have renamed a sheet, or
// the hidden one is gone.
func (rd *Reader) locate(o *opened, last int, kind string) error {
	listed := 0
	var names []string
	for _, s := range o.file.Sheets() {
		names = append(names, s.Name)
	}
	if p := o.payload; p != nil {
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(p.rank(a), p.rank(b)) })
		listed = len(p.Tables)
	}
	ids := map[string]bool{}
	for _, name := range names {
		if name == hiddenSheet {
			continue
		}
		var place payloadTable
		mapped := false
		if o.payload != nil {
			if place, mapped = o.payload.table(name); !mapped && len(o.tables) == listed {
				break
			}
		}
		rows, err := gridRows(o.file, name, last)
		if err != nil {
			return err
		}
		t := &table{opened: o, sheet: name, rows: rows}
		var ok bool
		// The header decides, since columns may have been moved.
		if t.header, t.columns, ok = rd.header(rows, kind); !ok && mapped && plausible(o.payload, place, rows) {
			t.header, t.columns, ok = place.Header, place.Columns, true
		}
		if ok && (t.news(ids) || mapped || len(o.tables) == 0) {
			o.tables = append(o.tables, t)
		}
	}
	if len(o.tables) == 0 {
		return problem.New(problem.Invalid, "workbook.error.no-table", nil)
	}
	return nil
}

// rank is a sheet's place among the tables, and after them for other sheets.
func (p *payload) rank(sheet string) int {
	for i, t := range p.Tables {
		if t.Sheet == sheet {
			return i
		}
	}
	return len(p.Tables)
}

// news adds the table's ids to those seen and reports whether any was new.
func (t *table) news(seen map[string]bool) bool {
	found := false
	for _, r := range t.rows[min(t.header, len(t.rows)):] {
		if id := cellAt(r, t.columns[colID]); strings.HasPrefix(id, "K-") && !seen[id] {
			seen[id], found = true, true
		}
	}
	return found
}

// plausible reports whether the hidden map fits the sheet: some id stands in
// the id column. A header that was overwritten is then no obstacle.
func plausible(p *payload, place payloadTable, rows [][]string) bool {
	for _, role := range []string{colID, colMet, colAnswer} {
		if place.Columns[role] < 1 {
			return false
		}
	}
	ids := map[string]bool{}
	for _, r := range p.Rows {
		ids[r.ID] = true
	}
	for _, r := range rows {
		if ids[cellAt(r, place.Columns[colID])] {
			return true
		}
	}
	return false
}

// headerDepth is how far down a header row is looked for.
const headerDepth = 60

// header finds the header row by its texts.
func (rd *Reader) header(rows [][]string, kind string) (int, map[string]int, bool) {
	for i, r := range rows {
		if i >= headerDepth {
			break
		}
		columns := map[string]int{}
		for c, text := range r {
			for _, role := range rd.words.columns[fold(text)] {
				if _, taken := columns[role]; !taken {
					columns[role] = c + 1
				}
			}
		}
		_, met := columns[colMet]
		_, id := columns[colID]
		_, answer := columns[colAnswer]
		_, files := columns[colFiles]
		if id && met && answer && (kind == kindTender || files) {
			return i + 1, columns, true
		}
	}
	return 0, nil, false
}

// cellAt is a cell of a row, by column from 1.
func cellAt(row []string, col int) string {
	if col < 1 || col > len(row) {
		return ""
	}
	return strings.TrimSpace(clean(row[col-1]))
}

// name is the cell in a column of a row: "H12".
func (t *table) name(role string, row int) string {
	col := t.columns[role]
	if col < 1 {
		col = 1
	}
	return at(col, row)
}

// isFormula reports whether a cell holds a formula.
func (t *table) isFormula(role string, row int) bool {
	if !t.formula || t.columns[role] < 1 {
		return false
	}
	sheet, ok := t.file.Sheet(t.sheet)
	if !ok {
		return false
	}
	g, err := t.file.Grid(sheet)
	return err != nil || g.Cell(patch.Ref{Col: t.columns[role], Row: row}).Formula
}

// weight writes a weight as the cell does.
func weight(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
