package workbook

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/locale"
)

// book is a workbook being written. Sheets are streamed one after another;
// the first error is kept and stops the rest.
type book struct {
	f      *excelize.File
	t      *locale.Texts
	st     styles
	signs  map[signKey]int
	sheets int
	err    error
	// sealer is nil in workbooks that are not sealed.
	sealer *sealer
}

func newBook(t *locale.Texts) (*book, error) {
	f := excelize.NewFile()
	f.SetZipWriter(newPacker)
	st, err := newStyles(f)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &book{f: f, t: t, st: st, signs: map[signKey]int{}}, nil
}

func (b *book) fail(doing string, err error) {
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", doing, err)
	}
}

// finish sets the document's properties and writes the file.
func (b *book) finish(w io.Writer, title, subject string, at time.Time) error {
	stamp := at.UTC().Format(time.RFC3339)
	lang := map[string]string{"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}[b.t.Lang]
	b.fail("set properties", b.f.SetDocProps(&excelize.DocProperties{
		Title: oneLine(title), Subject: oneLine(subject), Creator: "felleskrav", LastModifiedBy: "felleskrav",
		Created: stamp, Modified: stamp, Language: lang,
	}))
	b.prefixProps()
	b.fail("set properties", b.f.SetAppProps(&excelize.AppProperties{Application: "felleskrav", DocSecurity: 0}))
	if b.err != nil {
		return b.err
	}
	if err := b.f.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// prefixProps gives the document's properties the prefix that every office
// program writes: exceljs takes a file without it for damaged.
func (b *book) prefixProps() {
	const part, ns = "docProps/core.xml", "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
	v, ok := b.f.Pkg.Load(part)
	data, isBytes := v.([]byte)
	if !ok || !isBytes {
		return
	}
	// Texts are escaped, so this only meets tags.
	b.f.Pkg.Store(part, []byte(strings.NewReplacer(
		`<coreProperties xmlns="`+ns+`"`, `<cp:coreProperties xmlns:cp="`+ns+`"`, "</coreProperties>", "</cp:coreProperties>",
		"<lastModifiedBy>", "<cp:lastModifiedBy>", "</lastModifiedBy>", "</cp:lastModifiedBy>",
	).Replace(string(data))))
}

// page is how a sheet prints and looks.
type page struct {
	landscape bool
	tab       string
	widths    []float64
	// frozenRows and frozenCols stay in view; frozenRows' last row is repeated
	// on every printed page.
	frozenRows, frozenCols int
	// pagesWide is how many pages the columns may spread over; 0 means one.
	pagesWide int
	footer    string
	protect   bool
}

// sheet is one sheet being streamed.
type sheet struct {
	b    *book
	name string
	sw   *excelize.StreamWriter
	page page
	row  int
	// refs is the row given to the library, which does not keep it.
	refs []any
}

// sheet adds a sheet and opens it for rows.
func (b *book) sheet(name string, p page) *sheet {
	s := &sheet{b: b, name: name, page: p}
	if b.err != nil {
		return s
	}
	if b.sheets == 0 {
		b.fail("name sheet", b.f.SetSheetName("Sheet1", name))
	} else {
		_, err := b.f.NewSheet(name)
		b.fail("add sheet", err)
	}
	b.sheets++
	yes, no := true, false
	p.tab = "FF" + p.tab // with opacity: the format wants eight digits
	b.fail("set up sheet", b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes, TabColorRGB: &p.tab}))
	b.fail("set up sheet", b.f.SetSheetView(name, 0, &excelize.ViewOptions{ShowGridLines: &no}))
	orientation, a4, wide, tall := "portrait", 9, max(1, p.pagesWide), 0
	if p.landscape {
		orientation = "landscape"
	}
	b.fail("set up page", b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &tall}))
	side, top, bottom, edge := 0.4, 0.5, 0.6, 0.3
	b.fail("set up page", b.f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &top, Bottom: &bottom, Header: &edge, Footer: &edge}))
	if b.err != nil {
		return s
	}
	sw, err := b.f.NewStreamWriter(name)
	b.fail("open sheet", err)
	if err != nil {
		return s
	}
	s.sw = sw
	// From the last to the first: excelize puts each column before those it
	// has, and the format wants them in order.
	for last := len(p.widths); last > 0; {
		first := last
		for first > 1 && p.widths[first-2] == p.widths[last-1] {
			first--
		}
		b.fail("set widths", sw.SetColWidth(first, last, p.widths[last-1]))
		last = first - 1
	}
	if p.frozenRows > 0 || p.frozenCols > 0 {
		corner := at(p.frozenCols+1, p.frozenRows+1)
		pane := "bottomLeft"
		if p.frozenCols > 0 {
			pane = "bottomRight"
		}
		b.fail("freeze", sw.SetPanes(&excelize.Panes{Freeze: true, XSplit: p.frozenCols, YSplit: p.frozenRows, TopLeftCell: corner, ActivePane: pane,
			Selection: []excelize.Selection{{SQRef: corner, ActiveCell: corner, Pane: pane}}}))
	}
	return s
}

// hide makes a sheet very hidden. excelize's own function parses every sheet
// again to do this.
func (b *book) hide(name string) {
	if b.err != nil {
		return
	}
	for i, s := range b.f.WorkBook.Sheets.Sheet {
		if s.Name == name {
			b.f.WorkBook.Sheets.Sheet[i].State = "veryHidden"
		}
	}
}

// at names a cell by column and row, both from 1.
func at(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		panic("workbook: no such cell: " + err.Error()) // only our own constants come here
	}
	return name
}

// absolute names a cell so that it stays the same cell wherever it is used.
func absolute(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row, true)
	if err != nil {
		panic("workbook: no such cell: " + err.Error()) // only our own constants come here
	}
	return name
}

// quoted is a sheet's name as formulas have it.
func quoted(sheet string) string { return "'" + strings.ReplaceAll(sheet, "'", "''") + "'" }

// text is a cell with a string, whatever the string begins with.
func text(style int, s string) excelize.Cell {
	if s == "" {
		return excelize.Cell{StyleID: style}
	}
	return excelize.Cell{StyleID: style, Value: clean(s)}
}

// count is a cell with a number.
func count(style, n int) excelize.Cell { return excelize.Cell{StyleID: style, Value: n} }

// headed is a cell with a bold first line and more text below it.
func headed(style int, head, body string) excelize.Cell {
	if head == "" || body == "" {
		return text(style, head+body)
	}
	return excelize.Cell{StyleID: style, Value: []excelize.RichTextRun{
		{Font: fontStrong, Text: clean(head)},
		{Font: fontPlain, Text: "\n" + clean(body)},
	}}
}

// noted is a cell with a first line and a note in grey below it.
func noted(style int, first, note string) excelize.Cell {
	if first == "" || note == "" {
		return text(style, first+note)
	}
	return excelize.Cell{StyleID: style, Value: []excelize.RichTextRun{
		{Font: fontPlain, Text: clean(first)},
		{Font: fontGrey, Text: "\n" + clean(note)},
	}}
}

// put writes the next row. Height 0 means as high as the wrapped text needs;
// LibreOffice does not work that out by itself when it opens a file.
func (s *sheet) put(points float64, cells ...excelize.Cell) {
	s.row++
	if s.b.err != nil {
		return
	}
	if points == 0 {
		points = height(cells, s.page.widths)
	}
	if s.b.sealer != nil {
		s.b.sealer.row(s.name, s.row, cells)
	}
	s.refs = s.refs[:0]
	for i := range cells {
		s.refs = append(s.refs, &cells[i])
	}
	s.b.fail("write row", s.sw.SetRow(at(1, s.row), s.refs, excelize.RowOpts{Height: points}))
}

// skip leaves a low empty row.
func (s *sheet) skip(height float64) { s.put(height, excelize.Cell{}) }

// close sets what belongs to the whole sheet and ends it.
func (s *sheet) close() {
	b := s.b
	if b.err != nil {
		return
	}
	if s.page.protect {
		b.fail("protect", b.f.ProtectSheet(s.name, &excelize.SheetProtectionOptions{
			AutoFilter: true, FormatColumns: true, FormatRows: true, Sort: true, SelectLockedCells: true, SelectUnlockedCells: true,
		}))
	}
	foot := strings.ReplaceAll(oneLine(s.page.footer), "&", "&&")
	b.fail("set footer", b.f.SetHeaderFooter(s.name, &excelize.HeaderFooterOptions{
		OddFooter: "&L&8" + clip(foot, 150) + "&R&8" + b.t.T("workbook.page") + " &P / &N",
	}))
	if b.sealer != nil {
		b.sealer.header(s.name, s.page.frozenRows)
	}
	if s.page.frozenRows > 0 {
		ref := fmt.Sprintf("%s!$%d:$%d", quoted(s.name), s.page.frozenRows, s.page.frozenRows)
		if s.page.pagesWide > 1 && s.page.frozenCols > 0 {
			col, _ := excelize.ColumnNumberToName(s.page.frozenCols)
			ref = fmt.Sprintf("%s!$A:$%s,%s", quoted(s.name), col, ref)
		}
		b.fail("repeat header", b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: ref, Scope: s.name}))
	}
	b.fail("end sheet", s.sw.Flush())
}

// clip keeps a text short, in characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
