package workbook

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook/patch"
)

// ListKind is the kind of file a list of suppliers is.
type ListKind string

// The kinds.
const (
	ListXLSX ListKind = "xlsx"
	ListCSV  ListKind = "csv"
)

// KindOfList tells by its first bytes what kind of list a file is: what begins
// as a zip file or an old Excel file is a spreadsheet, and the rest is CSV.
func KindOfList(data []byte) ListKind {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte{0xd0, 0xcf, 0x11, 0xe0}) {
		return ListXLSX
	}
	return ListCSV
}

// SupplierList is a list of suppliers as it was found in a file. It holds the
// file, so that results can be written beside its rows.
type SupplierList struct {
	Kind ListKind
	// Sheet is the sheet the list is on; empty for CSV.
	Sheet string
	// Header is the row of the headings, from 1; 0 is a list without.
	Header int
	// Column has the numbers, from 1; OfferingColumn names offerings, 0 is none.
	Column, OfferingColumn int
	// Heading is what stands above the numbers, or the letter of their column.
	Heading string
	// Rows are those with a number, in order, and Doubts those whose number
	// could not be read.
	Rows   []SupplierRow
	Doubts []Doubt

	doubtful map[int]int // row → index in Doubts
	width    int
	csv      csvTable
	data     []byte // of the spreadsheet
}

// SupplierRow is one row of a list.
type SupplierRow struct {
	// Row is the row of the sheet; in CSV, the record, from 1.
	Row    int
	Number organisation.Number
	// Offering is the name or id that the row gives, or "".
	Offering string
}

// Total is the number of rows that are about a supplier.
func (l *SupplierList) Total() int { return len(l.Rows) + len(l.Doubts) }

// Numbers are the numbers in order, each once.
func (l *SupplierList) Numbers() []organisation.Number {
	seen := make(map[organisation.Number]bool, len(l.Rows))
	out := make([]organisation.Number, 0, len(l.Rows))
	for _, r := range l.Rows {
		if !seen[r.Number] {
			seen[r.Number] = true
			out = append(out, r.Number)
		}
	}
	return out
}

// Values are the numbers in order, with what stands in the cells that could
// not be read, save empty ones, shortened.
func (l *SupplierList) Values() []string {
	doubts := make(map[int]string, len(l.doubtful))
	for row, i := range l.doubtful {
		doubts[row] = l.Doubts[i].Value
	}
	for _, r := range l.Rows {
		doubts[r.Row] = string(r.Number)
	}
	out := make([]string, 0, len(doubts))
	for _, row := range slices.Sorted(maps.Keys(doubts)) {
		if v := clip(doubts[row], 40); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// ReadSuppliers finds the list in a file: the column of organisation numbers,
// on whichever sheet it is, by its heading and by what stands in it, or the
// column that the sender names (a heading, a letter, or «Sheet!B»). Where two
// columns fit equally it does not guess. The error is a *problem.Error about
// the whole file; rows that could not be read are in Doubts.
func ReadSuppliers(data []byte, column string, l Limits) (list *SupplierList, err error) {
	if KindOfList(data) == ListCSV {
		return readCSVSuppliers(data, column, l)
	}
	found, err := inspect(bytes.NewReader(data), int64(len(data)), l)
	if err != nil {
		return nil, err
	}
	list = &SupplierList{Kind: ListXLSX}
	f, err := openPatch(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	all, err := sheetCandidates(f, found.rows, column != "")
	if err != nil {
		return nil, err
	}
	if err := list.take(all, column, l); err != nil {
		return nil, err
	}
	list.data = data
	return list, nil
}

// sheetCandidates looks at every sheet; one that has no column that could be
// meant is let go of at once. Hidden sheets are looked at only if no other has
// any.
func sheetCandidates(f *patch.File, last int, every bool) ([]candidate, error) {
	added := addedSheets(f.Names())
	for _, visible := range []bool{true, false} {
		var all []candidate
		for _, s := range f.Sheets() {
			name := s.Name
			if s.Hidden == visible || name == hiddenSheet || added[name] {
				continue
			}
			rows, err := gridRows(f, name, last)
			if err != nil {
				return nil, err
			}
			g := newGrid(name, rows)
			for _, c := range g.candidates() {
				if every || c.fits() {
					all = append(all, c)
				}
			}
		}
		if len(all) > 0 {
			return all, nil
		}
	}
	return nil, nil
}

func readCSVSuppliers(data []byte, column string, l Limits) (*SupplierList, error) {
	t, err := readTable(data, l)
	if err != nil {
		return nil, err
	}
	list := &SupplierList{Kind: ListCSV, csv: t}
	g := newGrid("", t.rows)
	if err := list.take(g.candidates(), column, l); err != nil {
		return nil, err
	}
	return list, nil
}

// take settles the column and reads its rows.
func (l *SupplierList) take(all []candidate, column string, limits Limits) error {
	var c candidate
	var err error
	if column != "" {
		c, err = named(all, column)
	} else {
		c, err = choose(all)
	}
	if err != nil {
		return err
	}
	l.Sheet, l.Header, l.Column, l.OfferingColumn = c.grid.sheet, c.header, c.column, c.offeringColumn()
	l.width = c.grid.width
	if l.Heading = c.heading(); l.Heading == "" {
		l.Heading = columnName(c.column)
	}
	l.doubtful = map[int]int{}
	for i := c.header; i < len(c.grid.rows); i++ {
		row := c.grid.rows[i]
		cell := c.grid.cell(i+1, c.column)
		n, why := readNumber(cell)
		if why == doubtAbsent && blank(row) || why == doubtText && c.header == 0 && len(l.Rows) == 0 {
			continue // an empty row, or a title above a list without headings
		}
		if l.Total() >= limits.MaxSuppliers {
			return problem.New(problem.TooLarge, "workbook.bulk.rows", problem.Args{"Max": limits.MaxSuppliers})
		}
		if why != doubtNone {
			at := i + 1
			if l.Kind == ListCSV {
				at = l.csv.lines[i]
			}
			l.doubtful[i+1] = len(l.Doubts)
			l.Doubts = append(l.Doubts, doubtAbout(l.Sheet, at, c.column, cell, why))
			continue
		}
		l.Rows = append(l.Rows, SupplierRow{Row: i + 1, Number: n, Offering: oneLine(c.grid.cell(i+1, l.OfferingColumn))})
	}
	if len(l.Rows) == 0 {
		return problem.New(problem.Invalid, "workbook.bulk.no-numbers", problem.Args{"Column": problem.Clip(c.name())})
	}
	return nil
}

func blank(row []string) bool {
	for _, c := range row {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
