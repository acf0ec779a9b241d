package main

import (
	"slices"
	"strings"

	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
)

// supplierList is a table with a column of organisation numbers.
type supplierList struct {
	header []string // nil when the table has none
	width  int
	rows   []supplierRow
}

type supplierRow struct {
	cells []string
	// number is what stands in the column; empty rows have none.
	number string
}

// headings are what people call the column.
var headings = []string{"orgnr", "org.nr", "org.nr.", "org nr", "organisasjonsnummer", "organisasjonsnr", "organisasjonsnr.", "organisation number", "organization number", "leverandørnummer", "foretaksnummer"}

// readSupplierList finds the column of organisation numbers: the one named,
// else the one with a heading we know, else the one in which the most cells
// are valid numbers.
func readSupplierList(data []byte, column string) (supplierList, error) {
	rows, err := readCSV(data)
	if err != nil {
		return supplierList{}, console.No("cli.check.unreadable", "Detail", err.Error())
	}
	if len(rows) == 0 {
		return supplierList{}, console.No("cli.check.empty")
	}
	var list supplierList
	for _, r := range rows {
		list.width = max(list.width, len(r))
	}
	var at int
	fold := func(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
	if column != "" {
		at = slices.IndexFunc(rows[0], func(c string) bool { return fold(c) == fold(column) })
		if at < 0 {
			return list, console.No("cli.check.no-named-column", "Column", column, "Known", strings.Join(rows[0], ", "))
		}
	} else {
		at = slices.IndexFunc(rows[0], func(c string) bool { return slices.Contains(headings, fold(c)) })
	}
	if at < 0 {
		at = mostNumbers(rows, list.width)
	}
	if at < 0 {
		return list, console.No("cli.check.no-column")
	}
	if at >= len(rows[0]) || !isNumber(rows[0][at]) && (column != "" || !strings.ContainsAny(rows[0][at], "0123456789")) {
		list.header, rows = rows[0], rows[1:]
	}
	for _, r := range rows {
		row := supplierRow{cells: r}
		if at < len(r) {
			row.number = strings.TrimSpace(r[at])
		}
		list.rows = append(list.rows, row)
	}
	if len(list.numbers()) == 0 {
		return list, console.No("cli.check.empty")
	}
	return list, nil
}

func isNumber(s string) bool {
	_, err := organisation.ParseNumber(s)
	return err == nil
}

func mostNumbers(rows [][]string, width int) int {
	best, at := 0, -1
	for col := range width {
		n := 0
		for _, r := range rows {
			if col < len(r) && isNumber(r[col]) {
				n++
			}
		}
		if n > best {
			best, at = n, col
		}
	}
	return at
}

func (l supplierList) numbers() []string {
	var out []string
	for _, r := range l.rows {
		if r.number != "" {
			out = append(out, r.number)
		}
	}
	return out
}

// head is the header of the table, or one made up for a bare list.
func (l supplierList) head(number string) []string {
	if l.header != nil {
		return l.pad(l.header)
	}
	if l.width == 1 {
		return []string{number}
	}
	return make([]string, l.width)
}

// pad gives a row of the table's full width.
func (l supplierList) pad(cells []string) []string {
	out := make([]string, l.width)
	copy(out, cells)
	return out
}
