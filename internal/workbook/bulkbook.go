package workbook

import (
	"fmt"
	"io"
	"slices"

	"felleskrav/internal/status"
)

// cellLook is how an added cell looks: a plain one, a heading, a date, a link,
// or a status in its tone.
type cellLook struct {
	kind string
	tone tone
}

// The kinds of look.
const (
	lookText   = "text"
	lookHeader = "header"
	lookDate   = "date"
	lookLink   = "link"
	lookTone   = "tone"
)

// cellEdit is one cell to be set. Value is a string, which is never read as a
// formula, or a time; a link also leads to its own text.
type cellEdit struct {
	column, row int
	value       any
	look        cellLook
}

// columnWidth is the width of an added column.
type columnWidth struct {
	column int
	width  float64
}

// sheetEdit is what is to be changed on one sheet of somebody's file.
type sheetEdit struct {
	sheet  string
	cells  []cellEdit
	widths []columnWidth
}

// bulkWidths are of the columns that are added, in their order: what stands in
// them is not cut off by the next.
var bulkWidths = []float64{38, 26, 18, 13, 46, 36, 76, 60, 26}

func (l *SupplierList) writeBook(w io.Writer, r BulkResult, counts map[string]int) error {
	book, err := openBulk(l.data, r.Texts)
	if err != nil {
		return err
	}
	defer book.f.Close()
	r.sheet = book.freeName(r.Texts.T("workbook.bulk.sheet.offerings"))
	edit := sheetEdit{sheet: l.Sheet, cells: make([]cellEdit, 0, (len(bulkColumns)+1)*(l.Total()+1))}
	first := l.width + 1
	for i, c := range r.columns() {
		edit.widths = append(edit.widths, columnWidth{first + i, bulkWidths[i]})
		if l.Header > 0 {
			edit.cells = append(edit.cells, cellEdit{first + i, l.Header, r.heading(c), cellLook{kind: lookHeader}})
		}
	}
	var several []SupplierRow
	for _, row := range l.Rows {
		if len(r.Suppliers[row.Number].Statuses) > 1 {
			several = append(several, row)
		}
	}
	l.verdicts(r, counts, func(row int, v verdict) {
		edit.cells = appendVerdict(edit.cells, r, row, first, v)
	})
	book.beside(edit)
	if err := book.summary(l, r, counts); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	if len(several) > 0 {
		if err := book.offerings(r, several); err != nil {
			return fmt.Errorf("write offerings: %w", err)
		}
	}
	if err := book.write(w); err != nil {
		return fmt.Errorf("write list of suppliers: %w", err)
	}
	return nil
}

// appendVerdict adds the cells of one row. Empty ones are left out.
func appendVerdict(cells []cellEdit, r BulkResult, row, first int, v verdict) []cellEdit {
	add := func(i int, value string, kind string) {
		if value != "" {
			cells = append(cells, cellEdit{first + i, row, value, cellLook{kind: kind}})
		}
	}
	cells = append(cells, cellEdit{first, row, v.look.symbol + " " + v.status, cellLook{lookTone, v.look.tone}})
	if st := v.st; st != nil {
		add(1, oneLine(st.OfferingName), lookText)
		add(2, version(*st), lookText)
		if at := until(*st); !at.IsZero() {
			cells = append(cells, cellEdit{first + 3, row, at, cellLook{kind: lookDate}})
		}
		add(4, r.assurance(*st), lookText)
		add(5, r.weakest(*st), lookText)
		add(6, r.link(*st), lookLink)
	}
	add(7, v.remark, lookText)
	if v.register != "" {
		cells = append(cells, cellEdit{first + 8, row, v.registerLook.symbol + " " + v.register, cellLook{lookTone, v.registerLook.tone}})
	}
	return cells
}

// ranked gives a supplier's statuses in order, the best first.
func ranked(all []status.Status) []status.Status {
	order := status.Overalls()
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b status.Status) int {
		return slices.Index(order, a.Overall) - slices.Index(order, b.Overall)
	})
	return out
}
