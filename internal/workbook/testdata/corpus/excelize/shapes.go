package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	body   = "Oppdiktet helseforetak"
	office = "http://schemas.openxmlformats.org/officeDocument/2006/"
)

// streamed is written row by row, as programs that export do.
func streamed(w *writer) []change {
	sheet := w.sheet("Eksport")
	sw, err := w.f.NewStreamWriter(sheet)
	if err != nil {
		w.fail(err)
		return nil
	}
	columns := []column{{"id", "KravID"}, {"theme", "Kategori"}, {"text", "Kravtekst"}, {"type", "Kravtype"}, {"met", "Oppfylt"}, {"answer", "Leverandørens svar"}, {"reference", "Vedlegg"}}
	t := &table{Sheet: sheet, Header: []int{1}, First: 2, Columns: map[string]string{}, Requirements: map[int]string{}, Codes: map[string]string{"Absolutt": "minimum", "Evalueres": "scored", "Informasjon": "information"}}
	var head []any
	for i, c := range columns {
		t.Columns[c.role] = letter(i + 1)
		head = append(head, excelize.Cell{StyleID: w.head, Value: c.header})
	}
	w.fail(sw.SetColWidth(3, 3, 70))
	w.fail(sw.SetRow("A1", head))
	data := w.rows("nb", []string{"saksbehandling", "K-DRIFT", "integrasjon", "K-KJEDE", "bruk"}, []string{"Absolutt", "Evalueres", "Informasjon"}, dotted)
	const rows = 600
	for i := range rows {
		r := data[i%len(data)]
		text := r.text
		if i >= len(data) {
			text = fmt.Sprintf("Delleveranse %d: %s", i/len(data)+1, r.text)
		} else if r.ours != "" {
			t.Requirements[2+i] = r.ours
		}
		w.fail(sw.SetRow(ref(1, 2+i), []any{fmt.Sprintf("%d.%s", i/len(data)+1, r.id), r.theme, text, []string{"Absolutt", "Evalueres", "Informasjon"}[i%3]}))
	}
	t.Last = 1 + rows
	w.fail(sw.Flush())
	w.t.Tables = append(w.t.Tables, t)
	return nil
}

// repeated has the header again above each theme.
func repeated(w *writer) []change {
	sheet := w.sheet("Kravspesifikasjon")
	w.set(sheet, "A1", body+" – krav med topprad for hvert tema")
	top := 3
	for i, theme := range []string{"saksbehandling", "K-TILGANG", "opplæring", "K-PERSONVERN"} {
		data := w.rows("nb", []string{theme}, []string{"M", "B"}, func(_, n, _ int, _ string) any { return fmt.Sprintf("%d-%d", i+1, n) })
		w.set(sheet, ref(1, top), fmt.Sprintf("%d. %s", i+1, data[0].theme))
		t := w.write(sheet, top+1, 1, []column{{"id", "Krav nr"}, {"text", "Krav"}, {"type", "M/B"}, {"met", "J/N"}, {"answer", "Leverandørens besvarelse"}}, data, options{codes: "ask"})
		w.choose(t, "met", "J", "N")
		w.fail(w.f.InsertPageBreak(sheet, ref(1, t.Last+1)))
		top = t.Last + 3
	}
	return nil
}

// pictured has what hangs on cells without being in them.
func pictured(w *writer) []change {
	sheet := w.sheet("Krav")
	img := image.NewRGBA(image.Rect(0, 0, 24, 24))
	for i := range 24 {
		img.Set(i, i, color.RGBA{R: 200, A: 255})
	}
	var logo bytes.Buffer
	w.fail(png.Encode(&logo, img))
	w.fail(w.f.AddPictureFromBytes(sheet, "H1", &excelize.Picture{Extension: ".png", File: logo.Bytes(), Format: &excelize.GraphicOptions{AltText: "Oppdiktet logo"}}))
	w.set(sheet, "A1", body)
	data := w.rows("nb", []string{"bruk", "K-KRYPTO", "K-LOGG", "arkiv"}, []string{"A", "B"}, dotted)
	t := w.write(sheet, 4, 1, []column{{"id", "Krav-ID"}, {"text", "Krav"}, {"type", "Type"}, {"weight", "Vekt"}, {"met", "Oppfylt"}, {"answer", "Leverandørens svar"}, {"points", "Poeng"}, {"", "Trend"}}, data, options{codes: map[string]string{"A": "minimum", "B": "scored"}})
	w.fail(w.f.AddComment(sheet, excelize.Comment{Cell: "C4", Author: "Innkjøp", Paragraph: []excelize.RichTextRun{{Text: "A = absolutt krav, B = krav som gir poeng"}}}))
	w.set(sheet, "B2", "Type A = absolutt krav som må oppfylles. Type B = krav som evalueres med poeng.")
	w.fail(w.f.AddSparkline(sheet, &excelize.SparklineOptions{Location: []string{"H5"}, Range: []string{fmt.Sprintf("Krav!D%d:D%d", t.First, t.Last)}}))
	w.fail(w.f.SetCellHyperLink(sheet, "B5", "https://oppdiktet.example/veiledning", "External"))
	w.fail(w.f.SetConditionalFormat(sheet, fmt.Sprintf("D%d:D%d", t.First, t.Last), []excelize.ConditionalFormatOptions{{Type: "data_bar", BarColor: "#638EC6", Criteria: "=", MinType: "min", MaxType: "max", BarSolid: true}}))
	w.fail(w.f.SetConditionalFormat(sheet, fmt.Sprintf("G%d:G%d", t.First, t.Last), []excelize.ConditionalFormatOptions{{Type: "icon_set", IconStyle: "5Quarters"}}))
	w.fail(w.f.AddShape(sheet, &excelize.Shape{Cell: "J4", Type: "rect", Paragraph: []excelize.RichTextRun{{Text: "Husk vedlegg!"}}}))
	w.choose(t, "met", "Ja", "Nei", "Delvis")
	return nil
}

// sliced has an Excel table with slicers.
func sliced(w *writer) []change {
	sheet := w.sheet("Krav")
	data := w.rows("nb", []string{"integrasjon", "K-STYRING", "drift"}, []string{"Må", "Bør", "Kan"}, func(_, _, i int, _ string) any { return i })
	t := w.write(sheet, 10, 2, []column{{"id", "Nr."}, {"theme", "Tema"}, {"text", "Kravbeskrivelse"}, {"type", "Type"}, {"met", "Ja/Nei"}, {"answer", "Leverandørens svar"}}, data, options{codes: map[string]string{"Må": "minimum", "Bør": "should", "Kan": "optional"}})
	w.fail(w.f.AddTable(sheet, &excelize.Table{Range: fmt.Sprintf("B10:G%d", t.Last), Name: "Krav", StyleName: "TableStyleMedium9"}))
	w.fail(w.f.AddSlicer(sheet, &excelize.SlicerOptions{Name: "Tema", Cell: "I10", TableSheet: sheet, TableName: "Krav", Caption: "Tema"}))
	w.set(sheet, "B2", body+" – velg tema til høyre")
	lists := w.sheet("Lister")
	for i, v := range []string{"Ja", "Nei", "Delvis"} {
		w.set(lists, ref(1, i+1), v)
	}
	w.fail(w.f.SetDefinedName(&excelize.DefinedName{Name: "JaNei", RefersTo: "Lister!$A$1:$A$3"}))
	w.choose(t, "met", "JaNei")
	w.fail(w.f.SetSheetVisible(lists, false))
	return nil
}

// properties has groups, titles on each page and properties of the document,
// and says in the header what the codes mean.
func properties(w *writer) []change {
	sheet := w.sheet("Del 1")
	w.fail(w.f.SetDocProps(&excelize.DocProperties{Creator: "Oppdiktet direktorat", Title: "Kravspesifikasjon", Created: "2026-01-15T08:00:00Z", Modified: "2026-01-15T08:00:00Z", Language: "nb-NO"}))
	w.fail(w.f.SetCustomProps(excelize.CustomProperty{Name: "Saksnummer", Value: "2026/0042"}))
	for i, themes := range [][]string{{"drift", "K-DRIFT"}, {"miljø", "K-KONTINUITET"}} {
		if i > 0 {
			sheet = w.sheet("Del 2")
		}
		data := w.rows("nb", themes, []string{"A", "B", "B"}, func(t, n, _ int, _ string) any { return fmt.Sprintf("%d.%d.%d", i+1, t, n) })
		t := w.write(sheet, 2, 1, []column{
			{"id", "Krav nr."}, {"text", "Kravbeskrivelse"}, {"type", "Type (A = absolutt, B = evalueres)"}, {"instruction", "Dokumentasjon"}, {"met", "Oppfylt"}, {"answer", "Beskrivelse av løsning"}, {"deviation", "Avvik/forbehold"},
		}, data, options{codes: map[string]string{"A": "minimum", "B": "scored"}, themes: true})
		for r := t.First + 1; r < t.First+4; r++ {
			w.fail(w.f.SetRowOutlineLevel(sheet, r, 1))
			w.fail(w.f.SetRowVisible(sheet, r, false))
		}
		w.fail(w.f.SetColOutlineLevel(sheet, "D", 1))
		w.fail(w.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$2:$2", sheet), Scope: sheet}))
		w.fail(w.f.AutoFilter(sheet, fmt.Sprintf("A2:G%d", t.Last), nil))
		w.fail(w.f.SetHeaderFooter(sheet, &excelize.HeaderFooterOptions{OddFooter: "&LOppdiktet direktorat&RSide &P"}))
		w.fail(w.f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 2, TopLeftCell: "A3", ActivePane: "bottomLeft"}))
	}
	item := `<?xml version="1.0" encoding="UTF-8"?><metadata xmlns="urn:oppdiktet:dokument"><versjon>0.9</versjon></metadata>`
	return []change{part("customXml/item1.xml", item, "application/xml", office+"relationships/customXml")}
}

// english has a matrix in English with a legend on a sheet of its own.
func english(w *writer) []change {
	sheet := w.sheet("Annex 1")
	w.set(sheet, "C3", "Invented agency: annex 1, requirements")
	data := w.rows("en", []string{"saksbehandling", "K-DRIFT", "K-HENDELSE", "bruk"}, []string{"A", "B", "C"}, func(t, n, _ int, _ string) any { return fmt.Sprintf("REQ-%02d.%02d", t, n) })
	t := w.write(sheet, 5, 3, []column{
		{"id", "Requirement ID"}, {"theme", "Area"}, {"text", "Requirement text"}, {"type", "Type"}, {"met", "Met?"}, {"answer", "Response from supplier"}, {"comment", "Comments"}, {"weight", "Weight"},
	}, data, options{codes: map[string]string{"A": "minimum", "B": "scored", "C": "information"}})
	w.choose(t, "met", "Yes", "No", "Partly")
	legend := w.sheet("Legend")
	for i, s := range []string{"A = Absolute requirement. Tenders that do not meet it are rejected.", "B = Evaluated and scored.", "C = For information, not evaluated."} {
		w.set(legend, ref(1, i+1), s)
	}
	return nil
}

// mixed has types in a column that is merged down and a column of the buyer's
// to the right of the supplier's.
func mixed(w *writer) []change {
	sheet := w.sheet("Krav og svar")
	w.set(sheet, "A1", body)
	w.fail(w.f.MergeCell(sheet, "A1", "H1"))
	w.fail(w.f.MergeCell(sheet, "A2", "D2"))
	w.fail(w.f.MergeCell(sheet, "E2", "G2"))
	for cell, text := range map[string]string{"A2": "Oppdragsgiver fyller ut", "E2": "Leverandør fyller ut", "H2": "Evaluering"} {
		w.set(sheet, cell, text)
	}
	columns := []column{{"id", "Krav-ID"}, {"text", "Kravtekst"}, {"type", "Må/Bør"}, {"instruction", "Svarinstruks"}, {"met", "Oppfylt (J/N/D)"}, {"answer", "Svar"}, {"reference", "Vedlegg/referanse"}, {"points", "Poeng"}}
	w.header(sheet, 3, 1, columns)
	data := w.rows("nb", []string{"arkiv", "K-PERSONVERN", "K-AVSLUTNING", "integrasjon"}, []string{"Må", "Må", "Bør"}, func(t, n, _ int, _ string) any { return fmt.Sprintf("1-%d.S.%d", t, n) })
	t := w.write(sheet, 3, 1, columns, data, options{header: []int{2, 3}, codes: map[string]string{"Må": "minimum", "Bør": "should"}})
	for r := t.First; r <= t.Last; r++ {
		w.formula(sheet, ref(8, r), fmt.Sprintf(`IF(E%d="J",10,IF(E%[1]d="D",5,0))`, r))
	}
	w.formula(sheet, ref(8, t.Last+1), fmt.Sprintf("SUM(H%d:H%d)", t.First, t.Last))
	w.fail(w.f.ProtectSheet(sheet, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true, AlgorithmName: "SHA-512", Password: "oppdiktet"}))
	w.choose(t, "met", "J", "N", "D")
	return nil
}

func references(w *writer) []change {
	w.t.None = true
	sheet := w.sheet("Referanser")
	w.set(sheet, "A1", "Referanseskjema (fylles ut av leverandøren)")
	w.header(sheet, 3, 1, []column{{"", "Nr."}, {"", "Kunde"}, {"", "Beskrivelse av leveransen"}, {"", "Verdi"}, {"", "Kommentar"}})
	for i := range 5 {
		w.set(sheet, ref(1, 4+i), i+1)
	}
	w.fail(w.f.SetCellStyle(sheet, "A4", "E8", w.cell))
	return nil
}

func plain(w *writer) {
	w.write(w.sheet("Krav"), 1, 1, []column{{"id", "Krav nr."}, {"text", "Kravtekst"}, {"type", "Type"}, {"answer", "Leverandørens svar"}}, w.rows("nb", []string{"drift", "K-KRYPTO"}, []string{"A", "B"}, dotted), options{codes: "ask"})
}

// linked fetches a value from another file, as workbooks built from a template do.
func linked(w *writer) []change {
	w.t.Refused = "external-link"
	plain(w)
	xml := `<?xml version="1.0" encoding="UTF-8"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook xmlns:r="` + office + `relationships" r:id="rId1"><sheetNames><sheetName val="Mal"/></sheetNames></externalBook></externalLink>`
	return []change{
		part("xl/externalLinks/externalLink1.xml", xml, "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml", office+"relationships/externalLink"),
		func(p *parts) error {
			p.add("xl/externalLinks/_rels/externalLink1.xml.rels", `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="`+office+`relationships/externalLinkPath" Target="file:///F:/felles/kravmal.xlsx" TargetMode="External"/></Relationships>`)
			return nil
		},
	}
}

// embedded carries another document in it.
func embedded(w *writer) []change {
	w.t.Refused = "embedded"
	plain(w)
	return []change{func(p *parts) error {
		p.add("xl/embeddings/Microsoft_Word_Document.docx", strings.Repeat("oppdiktet", 20))
		return p.insert("[Content_Types].xml", "<Override", `<Default Extension="docx" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document"/>`)
	}}
}
