package own_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// table makes a small requirement table with excelize and finds it again.
func table(t testing.TB, change func(f *excelize.File)) (*patch.File, own.Table) {
	t.Helper()
	f := excelize.NewFile()
	rows := [][]any{
		{"ID", "Krav", "Type", "Oppfylt", "Leverandørens svar", "Vekt"},
		{"1.1", "Leverandøren skal ha et styringssystem for informasjonssikkerhet.", "A", nil, nil, 10},
		{"1.2", "Leverandøren skal varsle hendelser innen 24 timer.", "B", nil, nil, 20},
	}
	for i, r := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+3), &r); err != nil {
			t.Fatal(err)
		}
	}
	dv := excelize.NewDataValidation(true)
	dv.Sqref = "D4:D5"
	if err := dv.SetDropList([]string{"Ja", "Nei"}); err != nil {
		t.Fatal(err)
	}
	if err := f.AddDataValidation("Sheet1", dv); err != nil {
		t.Fatal(err)
	}
	if err := f.AddTable("Sheet1", &excelize.Table{Range: "A3:F5", Name: "Krav"}); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	p := openFile(t, b.Bytes())
	tables, err := own.Tables(p)
	if err != nil || len(tables) != 1 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	return p, tables[0]
}

func reopen(t testing.TB, f *patch.File) *excelize.File {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

var two = []own.Insertion{
	{Requirement: "K-STYRING-01", Text: "Første krav.", Meaning: own.Minimum, Weight: 5},
	{Requirement: "K-STYRING-02", Text: "Andre krav.", Meaning: own.Scored},
}

// Requirements go below the last row in the body's own codes, and drop-downs
// and Excel's own table reach down to them.
func TestInsert(t *testing.T) {
	f, tb := table(t, nil)
	tables, err := own.Decided(f, []own.Decision{{Sheet: "Sheet1", Header: 3, Codes: map[string]own.Meaning{"A": own.Minimum, "B": own.Scored}}})
	if err != nil {
		t.Fatal(err)
	}
	report, err := own.Fill(f, []own.Filling{{Table: tables[0], Insert: two}})
	if err != nil || len(report.Skips) > 0 {
		t.Fatal(err, report.Skips)
	}
	x := reopen(t, f)
	rows, err := x.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"K-STYRING-01", "Første krav.", "A", "", "", "5"}, {"K-STYRING-02", "Andre krav.", "B"}}
	for i, w := range want {
		if got := rows[5+i]; !slices.Equal(got, w) {
			t.Errorf("row %d is %q, want %q", 6+i, got, w)
		}
	}
	dvs, err := x.GetDataValidations("Sheet1")
	if err != nil || len(dvs) != 1 || dvs[0].Sqref != "D4:D7" {
		t.Errorf("drop-downs %+v, %v", dvs, err)
	}
	list, err := x.GetTables("Sheet1")
	if err != nil || len(list) != 1 || list[0].Range != "A3:F7" {
		t.Errorf("tables %+v, %v", list, err)
	}
	if again, err := own.Tables(f); err != nil || len(again) != 1 || len(again[0].Lines) != len(tb.Lines)+2 {
		t.Errorf("%v, %d tables", err, len(again))
	}
}

func TestInsertRefuses(t *testing.T) {
	f, tb := table(t, nil)
	if _, err := own.Fill(f, []own.Filling{{Table: tb, Insert: two}}); keyOf(err) != "workbook.own.open" {
		t.Errorf("codes that nobody explained: %v", err)
	}
	f, _ = table(t, func(x *excelize.File) {
		if err := x.SetCellValue("Sheet1", "A7", "Merknad: alle krav gjelder."); err != nil {
			t.Fatal(err)
		}
	})
	decided, err := own.Decided(f, []own.Decision{{Sheet: "Sheet1", Header: 3, Codes: map[string]own.Meaning{"A": own.Minimum, "B": own.Scored}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := own.Fill(f, []own.Filling{{Table: decided[0], Insert: two}}); keyOf(err) != "workbook.own.no-room" || len(f.Touched()) > 0 {
		t.Errorf("a text in the way: %v, touched %v", err, f.Touched())
	}
}

// What somebody wrote is not written over, and a yes or no that the body has
// no word for is not made up.
func TestFillLeavesAlone(t *testing.T) {
	f, tb := table(t, func(x *excelize.File) {
		for cell, v := range map[string]string{"E4": "Allerede besvart."} {
			if err := x.SetCellValue("Sheet1", cell, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.SetCellFormula("Sheet1", "E5", `"x"&A5`); err != nil {
			t.Fatal(err)
		}
	})
	report, err := own.Fill(f, []own.Filling{{
		Table: tb, Rows: map[int]string{4: "K-A-01", 5: "K-B-01"},
		Answers: map[string]own.Answer{"K-A-01": {Status: attestation.Partial, Word: "Delvis oppfylt", Statement: "Nesten."}, "K-B-01": {Status: attestation.Met, Word: "Oppfylt", Statement: "Ja."}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var skips []string
	for _, s := range report.Skips {
		skips = append(skips, s.Cell+" "+s.Key[len("workbook.own.skip."):])
	}
	if want := []string{"D4 no-word", "E4 occupied", "E5 formula"}; !slices.Equal(skips, want) {
		t.Errorf("left %q, want %q", skips, want)
	}
	if len(report.Changes) != 1 || report.Changes[0].Cell.String() != "D5" || report.Changes[0].After != "Ja" {
		t.Errorf("changes %+v", report.Changes)
	}
	if !slices.Contains(report.Parts, "xl/workbook.xml") {
		t.Errorf("formulas are not worked out anew: %v", report.Parts)
	}
}

// What a person says goes before what was guessed, and what was guessed for
// other columns gives way.
func TestDecided(t *testing.T) {
	f, tb := table(t, nil)
	col := func(t own.Table, r own.Role) string { return patch.ColumnName(t.Column(r)) }
	if col(tb, own.RoleAnswer) != "E" || col(tb, own.RoleMet) != "D" {
		t.Fatalf("columns %+v", tb.Columns)
	}
	tables, err := own.Decided(f, []own.Decision{{Sheet: "Sheet1", Header: 3, Columns: map[int]own.Role{4: own.RoleAnswer, 6: ""}}})
	if err != nil {
		t.Fatal(err)
	}
	got := tables[0]
	if col(got, own.RoleAnswer) != "D" || got.Column(own.RoleMet) != 0 || got.Column(own.RoleWeight) != 0 {
		t.Errorf("columns %+v", got.Columns)
	}
	if tables, err := own.Decided(f, []own.Decision{{Sheet: "Sheet1", Header: 3, None: true}}); err != nil || len(tables) != 0 {
		t.Errorf("%v, %d tables", err, len(tables))
	}
	// A header that nobody would find is one when a person says so.
	odd, err := patchOf(t, [][]any{{"Greie", "Dings"}, {"x1", "Dette må være på plass i leveransen fra dag én."}, {"x2", "Dette også, men det haster ikke."}})
	if err != nil {
		t.Fatal(err)
	}
	if tables, err := own.Tables(odd); err != nil || len(tables) != 0 {
		t.Fatalf("%v, %d tables", err, len(tables))
	}
	tables, err = own.Decided(odd, []own.Decision{{Sheet: "Sheet1", Header: 1, Columns: map[int]own.Role{1: own.RoleID, 2: own.RoleText}}})
	if err != nil || len(tables) != 1 || len(tables[0].Lines) != 2 || tables[0].Lines[1].ID != "x2" {
		t.Errorf("%v, %+v", err, tables)
	}
}

func patchOf(t testing.TB, rows [][]any) (*patch.File, error) {
	t.Helper()
	f := excelize.NewFile()
	for i, r := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return patch.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

// Inserting into the tables of the corpus changes nothing but the rows below.
func TestInsertInTheCorpus(t *testing.T) {
	done := 0
	for _, x := range corpus(t) {
		before := x.file.Read(t)
		f := openFile(t, before)
		d := own.Decision{Sheet: x.table.Sheet, Header: x.table.Header[len(x.table.Header)-1], Columns: map[int]own.Role{}, Codes: map[string]own.Meaning{}}
		for _, role := range own.Roles() {
			if c := x.truth.Columns[string(role)]; c != "" {
				d.Columns[patch.ParseColumn(c)] = role
			}
		}
		for _, c := range x.table.Columns {
			if _, said := d.Columns[c.Col]; !said {
				d.Columns[c.Col] = ""
			}
		}
		for i, c := range x.table.Codes {
			d.Codes[c.Value] = own.Meanings()[i%2]
		}
		tables, err := own.Decided(f, []own.Decision{d})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(tables, func(y own.Table) bool { return y.Sheet == x.table.Sheet && y.First == x.table.First })
		if i < 0 {
			t.Errorf("%s: the decisions made the table vanish", x.file.Name)
			continue
		}
		report, err := own.Fill(f, []own.Filling{{Table: tables[i], Insert: two}})
		if keyOf(err) == "workbook.own.no-room" {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", x.file.Name, err)
			continue
		}
		done++
		for _, c := range report.Changes {
			if c.Cell.Row <= x.table.Last {
				t.Errorf("%s: %s changed", x.file.Name, c.Cell)
			}
		}
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		was, is := everything(t, before), everything(t, b.Bytes())
		for cell, old := range was {
			if now := is[cell]; now != old && !slices.ContainsFunc(report.Changes, func(c patch.Change) bool { return c.Sheet+"!"+c.Cell.String() == cell }) {
				t.Errorf("%s: %s is %+v, was %+v", x.file.Name, cell, now, old)
			}
		}
		again, err := own.Decided(openFile(t, b.Bytes()), []own.Decision{d})
		if err != nil || i >= len(again) || len(again[i].Lines) != len(tables[i].Lines)+2 {
			t.Errorf("%s: the rows inserted are not found again (%v)", x.file.Name, err)
		}
	}
	if done < 20 {
		t.Errorf("only %d tables had room", done)
	}
}

// Where nothing has been answered yet, the header may say which words to use.
func TestWordsOfTheHeader(t *testing.T) {
	for header, want := range map[string][]string{
		"Oppfylt (J/N/D)": {"J", "N", "D"}, "Ja/Nei/Delvis": {"Ja", "Nei", "Delvis"}, "Compliant (Y/N)": {"Y", "N"},
		"Oppfylt": nil, "Oppfylt (se veiledning)": nil, "Oppfylt (ja/nei, se side 2)": nil,
	} {
		f, err := patchOf(t, [][]any{{"ID", "Krav", header, "Leverandørens svar"}, {"1", "Leverandøren skal ha et styringssystem for informasjonssikkerhet."}, {"2", "Leverandøren skal varsle hendelser innen 24 timer."}})
		if err != nil {
			t.Fatal(err)
		}
		tables, err := own.Tables(f)
		if err != nil || len(tables) != 1 {
			t.Fatalf("%s: %d tables, %v", header, len(tables), err)
		}
		if got := tables[0].Words; !slices.Equal(got, want) {
			t.Errorf("%s: words %q, want %q", header, got, want)
		}
	}
	tb := own.Table{Words: []string{"J", "N", "D"}}
	if w, ok := tb.Word(attestation.Partial, "Delvis oppfylt"); !ok || w != "D" {
		t.Errorf("partly met is %q", w)
	}
	if w, ok := tb.Word(attestation.Planned, "Planlagt"); ok {
		t.Errorf("planned is %q, which the body has no word for", w)
	}
}
