package workbook

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/locale"
	"felleskrav/internal/workbook/patch"
)

// bulkFile adds to somebody's own spreadsheet. New sheets, formats and the chart
// come from the library, which never parses the sheets that are there; cells in
// those, and links, are put in afterwards without it, so that everything else
// on a sheet stays.
type bulkFile struct {
	f      *excelize.File
	t      *locale.Texts
	looks  map[cellLook]int
	failed error
	// from1904 tells that the file counts its days from 1904.
	from1904 bool
	// own are the edits of sheets that were there, links those of all sheets.
	own   []sheetEdit
	links map[string]map[patch.Ref]string
}

func openBulk(data []byte, t *locale.Texts) (*bulkFile, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, damaged(err)
	}
	b := &bulkFile{f: f, t: t, links: map[string]map[patch.Ref]string{}}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return nil, damaged(err)
	}
	b.from1904 = props.Date1904 != nil && *props.Date1904
	return b, nil
}

// style makes a style once. The file's own default font is left alone.
func (b *bulkFile) style(l cellLook) int {
	if id, ok := b.looks[l]; ok {
		return id
	}
	st := excelize.Style{Border: box(), Alignment: &excelize.Alignment{Vertical: "top"}}
	switch l.kind {
	case lookHeader:
		st.Font, st.Fill = &excelize.Font{Bold: true, Color: "FFFFFF"}, solid(navy)
		st.Alignment.WrapText = true
	case lookDate:
		format := "dd.mm.yyyy"
		st.CustomNumFmt = &format
		st.Alignment.Horizontal = "left"
	case lookLink:
		st.Font = &excelize.Font{Color: "1D4ED8", Underline: "single"}
	case lookTone:
		st.Font, st.Fill = &excelize.Font{Bold: true, Color: l.tone.text}, solid(l.tone.fill)
	}
	if st.Font != nil {
		family, err := b.f.GetDefaultFont()
		b.fail(err)
		st.Font.Family = family // or programs choose one of their own
	}
	id, err := b.f.NewStyle(&st)
	b.fail(err)
	if b.looks == nil {
		b.looks = map[cellLook]int{}
	}
	b.looks[l] = id
	return id
}

func (b *bulkFile) fail(err error) {
	if err != nil && b.failed == nil {
		b.failed = err
	}
}

// beside keeps the edits of a sheet that was there for the end.
func (b *bulkFile) beside(e sheetEdit) {
	b.own = append(b.own, e)
	for _, c := range e.cells { // makes the formats, which the library must write
		b.style(c.look)
	}
}

// edit sets the cells of a sheet that was added.
func (b *bulkFile) edit(e sheetEdit) error {
	for _, w := range e.widths {
		name := columnName(w.column)
		b.fail(b.f.SetColWidth(e.sheet, name, name, w.width))
	}
	for _, c := range e.cells {
		name := at(c.column, c.row)
		switch v := c.value.(type) {
		case string:
			b.fail(b.f.SetCellStr(e.sheet, name, clean(v)))
			if c.look.kind == lookLink {
				b.link(e.sheet, c.column, c.row, v)
			}
		case time.Time:
			day := v.In(locale.Zone())
			b.fail(b.f.SetCellValue(e.sheet, name, time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)))
		default:
			return fmt.Errorf("set cell %s: %T", name, v)
		}
		b.fail(b.f.SetCellStyle(e.sheet, name, name, b.style(c.look)))
		if b.failed != nil {
			return b.failed
		}
	}
	return b.failed
}

// link has a cell lead somewhere. The library looks through all links of
// a sheet for each one that is set, so they are left for the end too.
func (b *bulkFile) link(sheet string, column, row int, target string) {
	if b.links[sheet] == nil {
		b.links[sheet] = map[patch.Ref]string{}
	}
	b.links[sheet][patch.Ref{Col: column, Row: row}] = target
}

// freeName gives a name that no sheet has.
func (b *bulkFile) freeName(want string) string {
	have := b.f.GetSheetList()
	name := want
	for i := 2; slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, name) }); i++ {
		name = want + " " + strconv.Itoa(i)
	}
	return name
}

// addedName begins the defined names that mark the sheets we add, so that none
// of them is taken for the list when the file is checked again.
const addedName = "felleskrav.added."

// newSheet adds a sheet.
func (b *bulkFile) newSheet(name string) error {
	if _, err := b.f.NewSheet(name); err != nil {
		return err
	}
	n := 1
	for _, d := range b.f.GetDefinedName() {
		if strings.HasPrefix(d.Name, addedName) {
			n++
		}
	}
	return b.f.SetDefinedName(&excelize.DefinedName{
		Name: addedName + strconv.Itoa(n), RefersTo: "'" + strings.ReplaceAll(name, "'", "''") + "'!$A$1",
	})
}

// addedSheets are the sheets that earlier checks have added to a file.
func addedSheets(names map[string]string) map[string]bool {
	out := map[string]bool{}
	for name, refersTo := range names {
		if !strings.HasPrefix(name, addedName) {
			continue
		}
		if i := strings.LastIndexByte(refersTo, '!'); i > 0 {
			sheet := refersTo[:i]
			if strings.HasPrefix(sheet, "'") {
				sheet = strings.ReplaceAll(strings.Trim(sheet, "'"), "''", "'")
			}
			out[strings.TrimPrefix(sheet, "$")] = true
		}
	}
	return out
}

// write writes the file as it now is. The sheet that was in front stays so.
func (b *bulkFile) write(w io.Writer) error {
	if b.failed != nil {
		return b.failed
	}
	var with bytes.Buffer
	if err := b.f.Write(&with); err != nil {
		return err
	}
	f, err := openPatch(bytes.NewReader(with.Bytes()), int64(with.Len()))
	if err != nil {
		return err
	}
	for _, e := range b.own {
		if err := b.put(f, e); err != nil {
			return err
		}
	}
	for name, targets := range b.links {
		if s, ok := f.Sheet(name); ok {
			if err := f.Link(s, targets); err != nil {
				return damaged(err)
			}
		}
	}
	return f.Write(w)
}

// put sets the cells of a sheet that was there.
func (b *bulkFile) put(f *patch.File, e sheetEdit) error {
	s, ok := f.Sheet(e.sheet)
	if !ok {
		return damaged(fmt.Errorf("no sheet %q", e.sheet))
	}
	edits := make([]patch.Edit, len(e.cells))
	for i, c := range e.cells {
		x := patch.Edit{Cell: patch.Ref{Col: c.column, Row: c.row}, Style: b.style(c.look)}
		switch v := c.value.(type) {
		case string:
			x.Text = clean(v)
			if c.look.kind == lookLink {
				b.link(e.sheet, c.column, c.row, v)
			}
		case time.Time:
			x.Text, x.Number = strconv.Itoa(b.serial(v)), true
		default:
			return fmt.Errorf("set cell %s: %T", x.Cell, v)
		}
		edits[i] = x
	}
	if _, err := f.Apply(s, edits); err != nil {
		return damaged(err)
	}
	widths := map[int]float64{}
	for _, w := range e.widths {
		widths[w.column] = w.width
	}
	if err := f.Widen(s, widths); err != nil {
		return damaged(err)
	}
	return nil
}

// serial is a day in Oslo as spreadsheets count days.
func (b *bulkFile) serial(at time.Time) int {
	y, m, d := at.In(locale.Zone()).Date()
	zero := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if b.from1904 {
		zero = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(zero).Hours() / 24)
}
