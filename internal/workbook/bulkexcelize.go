package workbook

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/locale"
)

// bulkFile changes somebody's own spreadsheet. It is the one place that knows
// by what means: it can be replaced without the rules knowing.
type bulkFile struct {
	f      *excelize.File
	t      *locale.Texts
	looks  map[cellLook]int
	failed error
	// links of the sheet that was edited first, which is the user's.
	links  []link
	linked string
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

// edit sets the cells of a sheet.
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
				b.link(e.sheet, name, v)
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

// link has a cell lead somewhere. Those of the first sheet are set when the file
// is written; the others are few.
func (b *bulkFile) link(sheet, cell, target string) {
	if b.linked == "" {
		b.linked = sheet
		b.fail(b.f.SetCellHyperLink(sheet, cell, placeholder, "External"))
	}
	if b.linked == sheet {
		b.links = append(b.links, link{cell, target})
		return
	}
	b.fail(b.f.SetCellHyperLink(sheet, cell, target, "External"))
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
	n := len(addedSheets(b.f)) + 1
	return b.f.SetDefinedName(&excelize.DefinedName{
		Name: addedName + strconv.Itoa(n), RefersTo: "'" + strings.ReplaceAll(name, "'", "''") + "'!$A$1",
	})
}

// addedSheets are the sheets that earlier checks have added to a file.
func addedSheets(f *excelize.File) map[string]bool {
	out := map[string]bool{}
	for _, n := range f.GetDefinedName() {
		if !strings.HasPrefix(n.Name, addedName) {
			continue
		}
		if i := strings.LastIndexByte(n.RefersTo, '!'); i > 0 {
			sheet := n.RefersTo[:i]
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
	b.f.SetZipWriter(newLinker(b.links))
	return b.f.Write(w)
}
