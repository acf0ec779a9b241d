package patch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// pack makes a file of parts, in order, of which a name and content follow
// each other.
func pack(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		p, err := w.Create(parts[i])
		if err == nil {
			_, err = io.WriteString(p, parts[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	mainNS = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	relNS  = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	types  = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`
)

// oneSheet is a file with one sheet, whose rows and what is around them are
// given.
func oneSheet(t testing.TB, before, rows, after string, texts ...string) []byte {
	t.Helper()
	var si strings.Builder
	for _, s := range texts {
		si.WriteString("<si>" + s + "</si>")
	}
	rel := func(id, kind, target string) string {
		return fmt.Sprintf(`<Relationship Id="%s" Type="%s/%s" Target="%s"/>`, id, relNS, kind, target)
	}
	const relsNS = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	return pack(t, "[Content_Types].xml", types,
		"_rels/.rels", relsNS+rel("rId1", "officeDocument", "xl/workbook.xml")+"</Relationships>",
		"xl/workbook.xml", `<workbook xmlns="`+mainNS+`" xmlns:r="`+relNS+`"><sheets><sheet name="Krav" sheetId="1" r:id="rId7"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", relsNS+rel("rId7", "worksheet", "worksheets/sheet1.xml")+rel("rId2", "sharedStrings", "/xl/sharedStrings.xml")+"</Relationships>",
		"xl/worksheets/sheet1.xml", `<worksheet xmlns="`+mainNS+`">`+before+rows+after+`</worksheet>`,
		"xl/sharedStrings.xml", `<sst xmlns="`+mainNS+`">`+si.String()+`</sst>`)
}

func open(t testing.TB, data []byte) (*File, *Sheet) {
	t.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f, f.Sheets()[0]
}

func write(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cells lists every cell with a text or a style as "B3 (2): text".
func cells(t testing.TB, f *File, s *Sheet) map[string]string {
	t.Helper()
	g, err := f.Grid(s)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range g.Rows {
		for _, c := range r.Cells {
			out[Ref{c.Col, r.Number}.String()] = fmt.Sprintf("(%d) %s", c.Style, c.Text)
		}
	}
	return out
}

func TestGridReadsWhatFilesHold(t *testing.T) {
	data := oneSheet(t, `<sheetProtection sheet="1"/><cols><col min="2" max="3" hidden="1" style="4" width="9"/></cols>`,
		`<sheetData><row r="2" hidden="1"><c r="B2" s="3" t="s"><v>0</v></c><c t="s"><v>1</v></c><c r="E2" t="inlineStr"><is><r><t>to </t></r><r><t xml:space="preserve">deler</t></r><rPh><t>x</t></rPh></is></c></row>`+
			`<row><c><v>4.0999999999999996</v></c><c t="b"><v>1</v></c><c t="e"><v>#REF!</v></c><c t="str"><f>A1&amp;"x"</f><v>1x</v></c></row><!-- <row r="99"> --><row r="9"/></sheetData>`,
		`<mergeCells count="1"><mergeCell ref="A5:C5"/></mergeCells><dataValidations><dataValidation type="list" sqref="E2:E9 G1"><formula1>"Ja,Nei"</formula1></dataValidation></dataValidations>`,
		`<t>A &amp; B</t>`, `<t>linje_x000D_
to _x0041_</t>`)
	f, s := open(t, data)
	want := map[string]string{
		"B2": "(3) A & B", "C2": "(0) linje\r\nto A", "E2": "(0) to deler", "A3": "(0) 4.1", "B3": "(0) 1", "C3": "(0) #REF!", "D3": "(0) 1x",
	}
	if diff := cmp.Diff(want, cells(t, f, s)); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	g, _ := f.Grid(s)
	row, _ := g.Row(2)
	if !row.Hidden || !g.Protected || !g.HiddenColumn(3) || g.HiddenColumn(4) || !g.Formulas || g.MaxCol != 5 || !g.Cell(Ref{4, 3}).Formula {
		t.Errorf("grid %+v", g)
	}
	if diff := cmp.Diff([]List{{[]Range{{Ref{5, 2}, Ref{5, 9}}, {Ref{7, 1}, Ref{7, 1}}}, []string{"Ja", "Nei"}}}, g.Lists); diff != "" {
		t.Error(diff)
	}
	if m, ok := g.MergedAt(Ref{2, 5}); !ok || m.String() != "A5:C5" {
		t.Errorf("joined %v", m)
	}
}

// What is not changed stays to the byte, in the sheet and around it.
func TestApplyChangesOnlyTheCells(t *testing.T) {
	const before = `<dimension ref="A1:C3"/><cols><col min="4" max="4" style="7" width="3"/></cols>`
	const rows = `<sheetData>
  <row r="1" spans="1:3" ht="20"><c r="A1" s="1" t="s"><v>0</v></c>  <c r="C1" s="2"><f>SUM(A1)</f><v>3</v></c></row>
  <row r="3" s="5" customFormat="1"/>
 </sheetData>`
	data := oneSheet(t, before, rows, `<autoFilter ref="A1:C3"/>`, `<t>Krav</t>`)
	f, s := open(t, data)
	changes, err := f.Apply(s, []Edit{
		{Cell: Ref{4, 1}, Text: "=1+1 <&> _x0041_x0042_", Like: Ref{1, 1}},
		{Cell: Ref{2, 1}, Text: "mellom"}, {Cell: Ref{1, 1}, Text: "Krav nr."}, {Cell: Ref{1, 2}, Text: "12.5", Number: true},
		{Cell: Ref{2, 3}, Text: "i raden"}, {Cell: Ref{4, 5}, Text: "ny rad"}, {Cell: Ref{3, 3}, Text: ""},
	})
	if err != nil || len(changes) != 6 {
		t.Fatalf("%v, %d changes", err, len(changes))
	}
	out := write(t, f)
	g, gs := open(t, out)
	want := map[string]string{
		"A1": "(1) Krav nr.", "B1": "(0) mellom", "C1": "(2) 3", "D1": "(1) =1+1 <&> _x0041_x0042_", "A2": "(0) 12.5", "B3": "(5) i raden", "D5": "(7) ny rad",
	}
	if diff := cmp.Diff(want, cells(t, g, gs)); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	for _, keep := range []string{`<dimension ref="A1:D5"/>`, `spans="1:4" ht="20"`, `<c r="C1" s="2"><f>SUM(A1)</f><v>3</v></c>`, `<autoFilter ref="A1:C3"/>`} {
		if !bytes.Contains(gs.data, []byte(keep)) {
			t.Errorf("%s is gone from\n%s", keep, gs.data)
		}
	}
	if diff := cmp.Diff([]string{"xl/worksheets/sheet1.xml"}, f.Touched()); diff != "" {
		t.Error(diff)
	}
	sameParts(t, data, out, f.Touched())
	x, err := excelize.OpenReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := x.GetCellValue("Krav", "D1"); err != nil || v != "=1+1 <&> _x0041_x0042_" {
		t.Errorf("excelize reads %q, %v", v, err)
	}
	if v, err := x.GetCellFormula("Krav", "D1"); err != nil || v != "" {
		t.Errorf("a text became the formula %q, %v", v, err)
	}
}

// sameParts holds the compressed bytes of two files against each other, save
// for some parts.
func sameParts(t testing.TB, before, after []byte, touched []string) {
	t.Helper()
	a, err := zip.NewReader(bytes.NewReader(before), int64(len(before)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := zip.NewReader(bytes.NewReader(after), int64(len(after)))
	if err != nil || len(a.File) != len(b.File) {
		t.Fatalf("%v, %d and %d parts", err, len(a.File), len(b.File))
	}
	skip := map[string]bool{}
	for _, n := range touched {
		skip[n] = true
	}
	for i := range a.File {
		if a.File[i].Name != b.File[i].Name {
			t.Fatalf("part %d is %s and %s", i, a.File[i].Name, b.File[i].Name)
		}
		if skip[a.File[i].Name] {
			continue
		}
		x, _ := a.File[i].OpenRaw()
		y, _ := b.File[i].OpenRaw()
		xb, err1 := io.ReadAll(x)
		yb, err2 := io.ReadAll(y)
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(xb, yb) {
			t.Errorf("part %s is not what it was (%v)", a.File[i].Name, err)
		}
	}
}

func TestApplyKeepsPrefixes(t *testing.T) {
	data := oneSheet(t, "", `<x:sheetData xmlns:x="`+mainNS+`"><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row><x:row r="2"/></x:sheetData>`, "")
	f, s := open(t, data)
	if _, err := f.Apply(s, []Edit{{Cell: Ref{1, 1}, Text: "a"}, {Cell: Ref{2, 2}, Text: "b"}, {Cell: Ref{1, 4}, Text: "c"}}); err != nil {
		t.Fatal(err)
	}
	const want = `<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t xml:space="preserve">a</x:t></x:is></x:c></x:row><x:row r="2"><x:c r="B2" t="inlineStr"><x:is><x:t xml:space="preserve">b</x:t></x:is></x:c></x:row><x:row r="4"><x:c r="A4" t="inlineStr"><x:is><x:t xml:space="preserve">c</x:t></x:is></x:c></x:row></x:sheetData>`
	if !bytes.Contains(s.data, []byte(want)) {
		t.Errorf("sheet is\n%s", s.data)
	}
}

func TestApplyRefuses(t *testing.T) {
	data := oneSheet(t, "", `<sheetData><row r="1"><c r="A1"><f>1</f><v>1</v></c><c r="B1"><f t="array" ref="B1:B3">X</f><v>1</v></c></row></sheetData>`, `<mergeCells><mergeCell ref="D1:E2"/></mergeCells>`)
	for _, tt := range []struct {
		name  string
		edits []Edit
		want  error
		cell  string
	}{
		{"formula", []Edit{{Cell: Ref{1, 1}, Text: "x"}}, ErrFormula, "A1"},
		{"array", []Edit{{Cell: Ref{2, 3}, Text: "x"}}, ErrFormula, "B3"},
		{"joined", []Edit{{Cell: Ref{5, 2}, Text: "x"}}, ErrMerged, "E2"},
		{"twice", []Edit{{Cell: Ref{6, 2}, Text: "x"}, {Cell: Ref{6, 2}, Text: "y"}}, ErrTwice, "F2"},
	} {
		f, s := open(t, data)
		_, err := f.Apply(s, append(tt.edits, Edit{Cell: Ref{4, 1}, Text: "fint"}))
		ce, ok := errors.AsType[*CellError](err)
		if !errors.Is(err, tt.want) || !ok || ce.Cell.String() != tt.cell {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(f.Touched()) > 0 {
			t.Errorf("%s: half of it was done", tt.name)
		}
	}
}

func TestWidenSplitsRuns(t *testing.T) {
	data := oneSheet(t, `<cols><col min="2" max="4" width="5" style="1"/><col min="8" max="16384" width="0" hidden="1"/></cols>`, `<sheetData/>`, "")
	f, s := open(t, data)
	if err := f.Widen(s, map[int]float64{3: 20, 6: 11.5, 9: 30}); err != nil {
		t.Fatal(err)
	}
	const want = `<cols><col min="2" max="2" width="5" style="1"/><col min="3" max="3" width="20" style="1" customWidth="1"/><col min="4" max="4" width="5" style="1"/><col width="11.5" customWidth="1" min="6" max="6"/><col min="8" max="8" width="0" hidden="1"/><col min="9" max="9" width="30" customWidth="1"/><col min="10" max="16384" width="0" hidden="1"/></cols>`
	if !bytes.Contains(s.data, []byte(want)) {
		t.Errorf("sheet is\n%s", s.data)
	}
	f, s = open(t, oneSheet(t, "", `<sheetData/>`, ""))
	if err := f.Widen(s, map[int]float64{1: 8}); err != nil || !bytes.Contains(s.data, []byte(`<cols><col width="8" customWidth="1" min="1" max="1"/></cols><sheetData/>`)) {
		t.Errorf("%v\n%s", err, s.data)
	}
}

func TestExtend(t *testing.T) {
	data := oneSheet(t, "", `<sheetData><row r="1"/></sheetData>`, `<autoFilter ref="A4:F9"/><conditionalFormatting sqref="C5:C9 C20"><cfRule/></conditionalFormatting><dataValidations><dataValidation type="list" sqref="D5:D9"/><dataValidation sqref="D5:D8"/><dataValidation sqref="Z5:Z9"/></dataValidations><extLst><xm:sqref xmlns:xm="m">E5:E9</xm:sqref></extLst>`)
	f, s := open(t, data)
	if err := f.Extend(s, Range{Ref{1, 5}, Ref{6, 9}}, 12); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<autoFilter ref="A4:F12"/>`, `sqref="C5:C12 C20"`, `type="list" sqref="D5:D12"`, `sqref="D5:D8"`, `sqref="Z5:Z9"`, `>E5:E12</xm:sqref>`} {
		if !bytes.Contains(s.data, []byte(want)) {
			t.Errorf("no %s in\n%s", want, s.data)
		}
	}
}

func TestRecalculate(t *testing.T) {
	f, _ := open(t, oneSheet(t, "", `<sheetData><row r="1"><c r="A1"><f>1+1</f></c></row></sheetData>`, ""))
	if err := f.Recalculate(); err != nil {
		t.Fatal(err)
	}
	if book := string(f.changed["xl/workbook.xml"]); !strings.Contains(book, `</sheets><calcPr fullCalcOnLoad="1"/>`) {
		t.Error(book)
	}
	f, _ = open(t, oneSheet(t, "", `<sheetData/>`, ""))
	if err := f.Recalculate(); err != nil || len(f.Touched()) > 0 {
		t.Errorf("%v, touched %v", err, f.Touched())
	}
}

// Whatever is written into whichever cells, a reader finds exactly that, and
// every other cell as it was.
func TestApplyIsReadBack(t *testing.T) {
	x := excelize.NewFile()
	for r := 1; r <= 12; r += 2 {
		for c := 1; c <= 8; c += 1 + r%3 {
			ref, _ := excelize.CoordinatesToCellName(c, r)
			if err := x.SetCellValue("Sheet1", ref, ref); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		f, s := open(t, b.Bytes())
		want := map[string]string{}
		for k, v := range cells(t, f, s) {
			want[k] = v
		}
		edits := rapid.SliceOfNDistinct(rapid.Custom(func(rt *rapid.T) Edit {
			return Edit{Cell: Ref{rapid.IntRange(1, 10).Draw(rt, "col"), rapid.IntRange(1, 14).Draw(rt, "row")}, Text: rapid.OneOf(rapid.StringMatching(`[ -~æøå\n_x0-9A]{0,20}`), rapid.Just("")).Draw(rt, "text")}
		}), 1, 20, func(e Edit) Ref { return e.Cell }).Draw(rt, "edits")
		if _, err := f.Apply(s, edits); err != nil {
			rt.Fatal(err)
		}
		for _, e := range edits {
			if _, there := want[e.Cell.String()]; there || e.Text != "" {
				want[e.Cell.String()] = "(0) " + e.Text
			}
		}
		out := write(t, f)
		f2, s2 := open(t, out)
		if diff := cmp.Diff(want, cells(t, f2, s2)); diff != "" {
			rt.Fatalf("cells (-want +got):\n%s", diff)
		}
		again, err := excelize.OpenReader(bytes.NewReader(out))
		if err != nil {
			rt.Fatal(err)
		}
		for _, e := range edits {
			if got, err := again.GetCellValue("Sheet1", e.Cell.String()); err != nil || got != e.Text {
				rt.Fatalf("excelize reads %q from %s, want %q (%v)", got, e.Cell, e.Text, err)
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	good := oneSheet(t, "", `<sheetData/>`, "")
	signed := pack(t, "_xmlsignatures/origin.sigs", "", "[Content_Types].xml", types)
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"signed": {signed, ErrSigned}, "cut": {good[:len(good)/2], ErrDamaged}, "no book": {pack(t, "[Content_Types].xml", types), ErrDamaged},
		"rows fall":                  {oneSheet(t, "", `<sheetData><row r="2"/><row r="1"/></sheetData>`, ""), ErrDamaged},
		"cells fall":                 {oneSheet(t, "", `<sheetData><row r="2"><c r="B2"/><c r="A2"/></row></sheetData>`, ""), ErrDamaged},
		"cell ends in another place": {oneSheet(t, "", `<sheetData><row r="1"><c r="A1"><v>0</v><x></row></sheetData><x><c></c></row>`, ""), ErrDamaged},
		"rows in two places":         {oneSheet(t, "", `<sheetData><row r="1"/></sheetData><sheetData><row r="2"/></sheetData>`, ""), ErrDamaged},
		"row ends in a cell":         {oneSheet(t, "", `<sheetData><row r="1"><c r="A1"></row></c></sheetData>`, ""), ErrDamaged},
		"rows do not end":            {oneSheet(t, "", `<sheetData><row r="1"></row>`, ""), ErrDamaged},
		"no text":                    {oneSheet(t, "", `<sheetData><row r="2"><c r="B2" t="s"><v>4</v></c></row></sheetData>`, ""), ErrDamaged},
	} {
		f, err := Open(bytes.NewReader(tt.data), int64(len(tt.data)))
		if err == nil {
			_, err = f.Grid(f.Sheets()[0])
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSheet(f *testing.F) {
	f.Add(`<cols><col min="2" max="4"/></cols><sheetData><row r="1" spans="1:2"><c r="A1" t="s"><v>0</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>`, "tekst", 3, 4)
	f.Add(`<x:sheetData><x:row><x:c><x:f t="array" ref="A1:A4">1</x:f></x:c></x:row></x:sheetData>`, "=1", 1, 1)
	f.Add(`<sheetData><row r="1"><c r="A1"><v><![CDATA[<]]></v></c><!--</row>--></row></sheetData>`, "_x0041_", 1, 2)
	f.Add("<sheetData><row r=\"1\"><c r=\"A1\"><v>0</v><\xf7c></row></sheetData><me><c r=\"A1\"><v>0</v></c></row>", "tekst", 141, 4)
	f.Fuzz(func(t *testing.T, rows, text string, col, row int) {
		data := oneSheet(t, "", rows, "", "<t>a</t>")
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		s := file.Sheets()[0]
		if _, err := file.Apply(s, []Edit{{Cell: Ref{col, row}, Text: text}}); err != nil {
			return
		}
		g, err := file.Grid(s)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, s.data)
		}
		want := unescapeX(content([]byte(escapeText(text))))
		if got := g.Cell(Ref{col, row}).Text; got != want {
			t.Errorf("%q reads back as %q", want, got)
		}
		if err := file.Widen(s, map[int]float64{1: 5}); err == nil {
			if _, err := file.Grid(s); err != nil {
				t.Errorf("after widening: %v", err)
			}
		}
	})
}

// Where a button stands is told with elements that are called row and col too.
func TestOtherRowsAndColumns(t *testing.T) {
	const anchor = `<controls><control><controlPr><anchor><from><xdr:col>1</xdr:col><xdr:row>7</xdr:row></from><to><xdr:col>3</xdr:col><xdr:row>9</xdr:row></to></anchor></controlPr></control></controls>`
	f, s := open(t, oneSheet(t, `<cols><col min="1" max="2" width="9"/></cols>`, `<sheetData><row r="1"><c r="A1"><v>1</v><extLst><ext><x:row><x:c/></x:row></ext></extLst></c></row></sheetData>`, anchor))
	if _, err := f.Apply(s, []Edit{{Cell: Ref{2, 1}, Text: "a"}, {Cell: Ref{1, 3}, Text: "b"}}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(s.data, []byte(anchor)) {
		t.Errorf("the button is changed:\n%s", s.data)
	}
	g, err := f.Grid(s)
	if err != nil {
		t.Fatal(err)
	}
	var rows []int
	for _, r := range g.Rows {
		rows = append(rows, r.Number)
	}
	if !slices.Equal(rows, []int{1, 3}) || len(g.Columns) != 1 {
		t.Errorf("rows %v and columns %v", rows, g.Columns)
	}
	if a, b := g.Cell(Ref{2, 1}).Text, g.Cell(Ref{1, 3}).Text; a != "a" || b != "b" {
		t.Errorf("read back %q and %q", a, b)
	}
}

func TestLink(t *testing.T) {
	const after = `<conditionalFormatting sqref="A1"><cfRule><extLst><ext/></extLst></cfRule></conditionalFormatting><pageMargins left="1"/>`
	f, s := open(t, oneSheet(t, "", `<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>`, after))
	links := map[Ref]string{{2, 1}: "https://a.example/?x=1&y=2", {1, 1}: "https://b.example/", {1, 3}: "https://b.example/"}
	if err := f.Link(s, links); err != nil {
		t.Fatal(err)
	}
	// Links are added to those a file has.
	g, gs := open(t, write(t, f))
	if err := g.Link(gs, map[Ref]string{{3, 1}: "https://c.example/"}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(gs.data, []byte(`</conditionalFormatting><hyperlinks><hyperlink `)) || !bytes.Contains(gs.data, []byte(`</hyperlinks><pageMargins`)) {
		t.Errorf("sheet is\n%s", gs.data)
	}
	x, err := excelize.OpenReader(bytes.NewReader(write(t, g)))
	if err != nil {
		t.Fatal(err)
	}
	links[Ref{3, 1}] = "https://c.example/"
	for c, want := range links {
		if ok, got, err := x.GetCellHyperLink("Krav", c.String()); err != nil || !ok || got != want {
			t.Errorf("%s leads to %q (%v, %v), want %q", c, got, ok, err, want)
		}
	}
	if ok, _, err := x.GetCellHyperLink("Krav", "B2"); err != nil || ok {
		t.Errorf("a cell without a link has one (%v)", err)
	}
}

func TestStyledEdits(t *testing.T) {
	f, s := open(t, oneSheet(t, "", `<sheetData><row r="1"><c r="A1" s="3"><v>1</v></c></row></sheetData>`, ""))
	if _, err := f.Apply(s, []Edit{{Cell: Ref{1, 1}, Text: "a", Style: 5}, {Cell: Ref{2, 1}, Text: "46000", Number: true, Style: 6}, {Cell: Ref{1, 2}, Style: 7}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"A1": "(5) a", "B1": "(6) 46000", "A2": "(7) "}, cells(t, f, s)); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}
