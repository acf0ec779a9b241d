package workbook

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/requirements"
)

func ourContent(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every sheet has a header without a missing text and a row for each of what
// it lists, in each language.
func TestCatalogueWorkbook(t *testing.T) {
	c := ourContent(t)
	bundle := testBundle(t)
	versions := len(c.Releases)
	for _, s := range c.Sets {
		if len(c.Versions(s.ID)) == 0 {
			versions++ // a row that says so
		}
	}
	for _, lang := range locale.Languages() {
		texts := bundle.In(lang)
		var buf bytes.Buffer
		if err := WriteCatalogue(&buf, c, texts, testNow); err != nil {
			t.Fatal(err)
		}
		f := openBook(t, buf.Bytes())
		want := map[string]struct{ rows, columns int }{
			"sets": {versions, len(setColumns)}, "requirements": {len(c.Requirements()), len(requirementColumns)},
			"measures": {len(c.Measures), len(measureColumns)}, "tasks": {len(c.Tasks), len(taskColumns)}, "information-types": {len(c.InformationTypes), len(informationColumns)},
		}
		if got := f.GetSheetList(); len(got) != len(want) {
			t.Errorf("%s: sheets %v", lang, got)
		}
		for name, w := range want {
			rows, err := f.GetRows(texts.T("workbook.catalogue." + name))
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 4+w.rows || len(rows[3]) != w.columns {
				t.Errorf("%s %s: %d rows and %d columns, want %d and %d", lang, name, len(rows), len(rows[3]), 4+w.rows, w.columns)
			}
			for _, row := range rows {
				for _, cell := range row {
					if strings.Contains(cell, "workbook.catalogue.") || strings.Contains(cell, "<no value>") {
						t.Errorf("%s %s: cell %q", lang, name, cell)
					}
				}
			}
		}
		r := c.Requirements()[0]
		rows, err := f.GetRows(texts.T("workbook.catalogue.requirements"))
		if err != nil || rows[4][0] != r.ID || rows[4][4] != r.Title.In(lang)+"\n"+r.Text.In(lang) || !strings.Contains(rows[4][13], "grunnsett") {
			t.Errorf("%s: the first requirement is %q (%v)", lang, rows[4], err)
		}
		task := c.Tasks[0]
		rows, err = f.GetRows(texts.T("workbook.catalogue.tasks"))
		if err != nil || !strings.HasSuffix(rows[4][4], "\n"+task.Levels.Confidentiality.Reason.In(lang)) {
			t.Errorf("%s: the first task is %q (%v)", lang, rows[4], err)
		}
	}
}

// A version's workbook has the texts of the version, not today's.
func TestVersionWorkbook(t *testing.T) {
	c := ourContent(t)
	v := testVersion(8)
	texts := testBundle(t).In("nn")
	var one, two bytes.Buffer
	if err := WriteVersion(&one, c, v, texts); err != nil {
		t.Fatal(err)
	}
	if err := WriteVersion(&two, c, v, texts); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the same version gives another file")
	}
	rows, err := openBook(t, one.Bytes()).GetRows("Krav")
	if err != nil || len(rows) != 4+len(v.Requirements) || rows[4][4] != v.Requirements[0].Title.NN+"\n"+v.Requirements[0].Text.NN || rows[4][1] != v.Themes[0].Name.NN {
		t.Errorf("%d rows, %q (%v)", len(rows), rows[4], err)
	}
}

func TestCoverageWorkbook(t *testing.T) {
	c := ourContent(t)
	texts := testBundle(t).In("nb")
	var buf bytes.Buffer
	if err := WriteCoverage(&buf, c, texts, testNow); err != nil {
		t.Fatal(err)
	}
	f := openBook(t, buf.Bytes())
	rows, err := f.GetRows("NSM 2.1")
	if err != nil || len(rows) != 4+118 || rows[4][0] != "1.1.1" || !strings.Contains(rows[4][1], "Dekket") || rows[4][2] == "" {
		t.Errorf("NSM has %d rows, the first %q (%v)", len(rows), rows[4], err)
	}
	explained := slices.ContainsFunc(rows, func(r []string) bool { return len(r) == 5 && r[1] == "– Ikke koblet" && r[4] != "" })
	if !explained {
		t.Error("no measure is explained as not linked")
	}
	if rows, err = f.GetRows("Lov og forskrift"); err != nil || len(rows) != 4+len(c.CoverageOfLaw()) {
		t.Errorf("law has %d rows (%v)", len(rows), err)
	}
}

// Notes stand in a locked column of their own, and the sheet is read back as
// one without notes.
func TestNotedAnswerSheet(t *testing.T) {
	v := testVersion(8)
	existing := []attestation.Answer{
		{Requirement: v.Requirements[0].ID, Status: attestation.Met},
		{Requirement: v.Requirements[1].ID, Status: attestation.Partial, Statement: "Delvis.", Evidence: []attestation.EvidenceRef{{Name: "rutine.pdf"}}},
	}
	notes := map[string]AnswerNote{
		v.Requirements[0].ID: {State: attestation.CarryKept},
		v.Requirements[1].ID: {State: attestation.CarryConfirm, Text: "=før og nå"},
		v.Requirements[2].ID: {State: attestation.CarryAnswer, Text: "Nytt"},
	}
	bundle := testBundle(t)
	for _, lang := range locale.Languages() {
		texts := bundle.In(lang)
		var buf bytes.Buffer
		if err := WriteNotedAnswerSheet(&buf, v, texts, existing, notes); err != nil {
			t.Fatal(err)
		}
		f := openBook(t, buf.Bytes())
		name := texts.T("workbook.sheet.answers")
		for cell, want := range map[string]string{
			"F4": texts.T("workbook.column.note"), "F5": "✓ " + texts.T("workbook.answer-note.kept"),
			"F6": "! " + texts.T("workbook.answer-note.confirm") + "\n=før og nå", "F8": "", "G6": texts.T("answer.partial"),
		} {
			if got, err := f.GetCellValue(name, cell); err != nil || got != want {
				t.Errorf("%s %s is %q, want %q (%v)", lang, cell, got, want, err)
			}
		}
		id, err := f.GetCellStyle(name, "F6")
		if err != nil {
			t.Fatal(err)
		}
		if st, err := f.GetStyle(id); err != nil || st.Protection != nil && !st.Protection.Locked {
			t.Errorf("%s: the note is not locked (%v)", lang, err)
		}
		got, err := testReader(t).Answers(bytes.NewReader(buf.Bytes()), int64(buf.Len()), findTest)
		if err != nil || got.Err() != nil || len(got.Answers) != 2 || got.Answers[1].Statement != "Delvis." || got.Evidence[v.Requirements[1].ID] != "rutine.pdf" {
			t.Errorf("%s: read back %+v %v (%v)", lang, got.Answers, got.Evidence, err)
		}
		// The header found by its text, as when the hidden sheet is gone.
		if err := f.DeleteSheet(hiddenSheet); err != nil {
			t.Fatal(err)
		}
		data := save(t, f)
		if got, err = testReader(t).Answers(bytes.NewReader(data), int64(len(data)), findTest); err != nil || len(got.Answers) != 2 {
			t.Errorf("%s: without the hidden sheet %+v (%v)", lang, got.Answers, err)
		}
	}
	var plain bytes.Buffer
	if err := WriteAnswerSheet(&plain, v, bundle.In("nb"), existing); err != nil {
		t.Fatal(err)
	}
	if got, err := openBook(t, plain.Bytes()).GetCellValue("Svar", "F4"); err != nil || got != "Oppfylt?" {
		t.Errorf("without notes the sixth column is %q (%v)", got, err)
	}
}
