package own_test

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// oneSheet is a file with one sheet of this XML.
func oneSheet(t testing.TB, rows string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Krav" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + rows + `</worksheet>`},
	} {
		w, err := z.Create(part[0])
		if err == nil {
			_, err = io.WriteString(w, part[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever stands in a sheet, and whatever people decide about it: finding
// tables, suggesting and filling in end, without a panic, and what was filled
// in can be read again with the texts that the report tells of.
func FuzzTables(f *testing.F) {
	str := func(ref, s string) string { return `<c r="` + ref + `" t="inlineStr"><is><t>` + s + `</t></is></c>` }
	usual := `<sheetData><row r="2">` + str("A2", "Nr") + str("B2", "Krav") + str("C2", "Type") + str("D2", "Oppfylt (ja/nei)") + str("E2", "Svar") + `</row>` +
		`<row r="3">` + str("A3", "1") + str("B3", "Leverandøren skal ha et styringssystem for informasjonssikkerhet.") + str("C3", "A") + `</row>` +
		`<row r="4">` + str("A4", "2") + str("B4", "Tilgang skal logges.") + str("C4", "B") + str("E4", "Ja.") + `</row></sheetData>`
	f.Add(usual, 2, 3, "type", "A")
	f.Add(usual+`<mergeCells><mergeCell ref="A2:B2"/><mergeCell ref="D3:D4"/></mergeCells><dataValidations><dataValidation type="list" sqref="D3:D9"><formula1>"Ja,Nei"</formula1></dataValidation></dataValidations>`, 2, 1, "text", "B")
	f.Add(`<sheetData><row>`+str("", "Krav")+`<c t="inlineStr"><is><t>Svar</t></is></c></row><row r="1048576"><c r="XFD1048576"><f>1+1</f></c></row></sheetData>`, 1048576, 16384, "answer", "")
	f.Add(`<cols><col min="1" max="16384" hidden="1"/></cols><sheetData/>`, 1, 0, "id", "x")
	matcher := own.NewMatcher([]catalogue.Requirement{{ID: "K-A-01", Text: catalogue.Text{NB: "Tilgang skal logges.", NN: "Tilgang skal loggast.", EN: "Access shall be logged."}}})
	f.Fuzz(func(t *testing.T, rows string, header, col int, role, code string) {
		if len(rows) > 64<<10 {
			return
		}
		data := oneSheet(t, rows)
		file, err := patch.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		tables, err := own.Decided(file, []own.Decision{{
			Sheet: "Krav", Header: header, Columns: map[int]own.Role{col: own.Role(role)}, Codes: map[string]own.Meaning{code: own.Minimum}, Rows: map[int]string{3: "K-A-01"},
		}})
		if err != nil {
			return
		}
		var todo []own.Filling
		for _, table := range tables {
			for _, m := range matcher.Suggest(table) {
				if m.Score <= 0 || m.Score > 1 || len(m.Why) == 0 {
					t.Errorf("suggestion %+v", m)
				}
			}
			x := own.Filling{Table: table, Rows: map[int]string{}, Answers: map[string]own.Answer{"K-A-01": {Status: attestation.Met, Word: "Ja", Statement: "=1+1", Reference: "R"}}}
			for _, l := range table.Lines {
				x.Rows[l.Row] = "K-A-01"
			}
			x.Columns = []own.Added{{Header: "Status", Width: 20, Values: map[string]string{"K-A-01": "gyldig"}}}
			if columns, codes := table.Open(); len(columns)+len(codes) == 0 {
				x.Insert = []own.Insertion{{Requirement: "K-A-02", Text: "Et krav.", Meaning: own.Scored}}
			}
			todo = append(todo, x)
		}
		report, err := own.Fill(file, todo)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := file.Write(&out); err != nil {
			t.Fatalf("write what was filled in: %v", err)
		}
		again, err := patch.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatalf("read what was filled in: %v", err)
		}
		g, err := again.Grid(again.Sheets()[0])
		if err != nil {
			t.Fatalf("read what was filled in: %v", err)
		}
		last := map[patch.Ref]string{} // two tables may be about the same cell
		for _, c := range report.Changes {
			last[c.Cell] = c.After
		}
		for at, want := range last {
			if got := g.Cell(at).Text; got != want {
				t.Errorf("%s is %q, and the report says %q", at, got, want)
			}
		}
	})
}
