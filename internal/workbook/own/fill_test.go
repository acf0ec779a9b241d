package own_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// cellState is what other programs see of a cell.
type cellState struct {
	Value, Formula string
	Style          int
}

// everything reads all cells of a file by sheet and name, with a program that
// is not ours.
func everything(t testing.TB, data []byte) map[string]cellState {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]cellState{}
	mine := openFile(t, data)
	for _, s := range mine.Sheets() {
		g, err := mine.Grid(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range g.Rows {
			for _, c := range r.Cells {
				at := patch.Ref{Col: c.Col, Row: r.Number}
				if m, ok := g.MergedAt(at); ok && m.From != at {
					continue // excelize gives the text of the cell before it
				}
				ref := at.String()
				v, err1 := f.GetCellValue(s.Name, ref)
				fx, err2 := f.GetCellFormula(s.Name, ref)
				st, err3 := f.GetCellStyle(s.Name, ref)
				if err := errors.Join(err1, err2, err3); err != nil {
					t.Fatal(err)
				}
				out[s.Name+"!"+ref] = cellState{v, fx, st}
			}
		}
	}
	return out
}

// parts gives each part's compressed bytes.
func parts(t testing.TB, data []byte) (names []string, raw map[string][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	raw = map[string][]byte{}
	for _, e := range z.File {
		r, err := e.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name)
		raw[e.Name] = b
	}
	return names, raw
}

// fillAll answers every row of every table, and adds two columns to each.
func fillAll(t testing.TB, f *patch.File) own.Report {
	t.Helper()
	tables, err := own.Tables(f)
	if err != nil {
		t.Fatal(err)
	}
	var todo []own.Filling
	for _, table := range tables {
		x := own.Filling{Table: table, Rows: map[int]string{}, Answers: map[string]own.Answer{}}
		status := map[string]string{}
		for i, l := range table.Lines {
			id := fmt.Sprintf("K-PROVE-%02d", i+1)
			all := attestation.AnswerStatuses()
			x.Rows[l.Row] = id
			x.Answers[id] = own.Answer{
				Status: all[i%len(all)], Word: "svar " + string(all[i%len(all)]), Statement: "=1+1 og «æøå» <b>\nlinje to", Reference: "Erklæring, punkt " + id, Deviation: "-- ingen",
			}
			status[id] = "✓ gyldig til 31.12.2027"
		}
		x.Columns = []own.Added{{"Status i Felleskrav", 24, status}, {"Sjekket", 12, status}}
		todo = append(todo, x)
	}
	report, err := own.Fill(f, todo)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// In every workbook of the corpus: the cells reported change, every other
// cell, formula and style stays, and so do the bytes of all other parts.
func TestFillTheCorpus(t *testing.T) {
	dir := t.TempDir()
	filled := 0
	for _, file := range corpustest.Files(t) {
		if file.Truth.Refused != "" || file.Truth.None {
			continue
		}
		before := file.Read(t)
		f := openFile(t, before)
		report := fillAll(t, f)
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		after := b.Bytes()
		if err := workbook.CheckArchive(bytes.NewReader(after), int64(len(after)), workbook.DefaultLimits()); err != nil {
			t.Errorf("%s: our own checks refuse what we wrote: %v", file.Name, err)
		}
		if len(report.Changes) < len(file.Truth.Tables[0].Rows()) {
			t.Errorf("%s: only %d cells changed, %d left: %+v", file.Name, len(report.Changes), len(report.Skips), report.Skips[:min(3, len(report.Skips))])
		}
		compare(t, file.Name, before, after, report)
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(file.Name, "/", "-")+".xlsx"), after, 0o600); err != nil {
			t.Fatal(err)
		}
		filled++
		// What is there already is not written again.
		again := fillAnswersAgain(t, after)
		if len(again) > 0 {
			t.Errorf("%s: filling again changes %v", file.Name, again[:min(4, len(again))])
		}
	}
	if filled < 5 {
		t.Fatalf("only %d files were filled", filled)
	}
	opens(t, dir, filled)
}

// fillAnswersAgain fills the same answers into a filled file and lists the
// changes in columns that the body made.
func fillAnswersAgain(t testing.TB, data []byte) []patch.Change {
	t.Helper()
	f := openFile(t, data)
	tables, err := own.Tables(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []patch.Change
	for _, c := range fillAll(t, f).Changes {
		for _, table := range tables {
			if c.Sheet == table.Sheet && c.Cell.Row >= table.First && c.Cell.Row <= table.Last && slices.ContainsFunc(table.Columns, func(x own.Column) bool { return x.Col == c.Cell.Col && x.Role != "" }) {
				out = append(out, c)
			}
		}
	}
	return out
}

func compare(t *testing.T, name string, before, after []byte, report own.Report) {
	t.Helper()
	namesBefore, rawBefore := parts(t, before)
	namesAfter, rawAfter := parts(t, after)
	if diff := gocmp.Diff(namesBefore, namesAfter); diff != "" {
		t.Errorf("%s: parts (-before +after):\n%s", name, diff)
	}
	sheets := map[string]bool{}
	for _, c := range report.Changes {
		sheets[c.Sheet] = true
	}
	// The sheets, and the list of sheets where formulas are to be worked out.
	if len(report.Parts) > len(sheets)+1 {
		t.Errorf("%s: %d sheets changed, and the parts %v", name, len(sheets), report.Parts)
	}
	for _, n := range namesBefore {
		if !slices.Contains(report.Parts, n) && !bytes.Equal(rawBefore[n], rawAfter[n]) {
			t.Errorf("%s: part %s is not the bytes it was", name, n)
		}
	}
	was, is := everything(t, before), everything(t, after)
	reported := map[string]patch.Change{}
	for _, c := range report.Changes {
		reported[c.Sheet+"!"+c.Cell.String()] = c
	}
	for cell, now := range is {
		old, there := was[cell]
		c, said := reported[cell]
		switch {
		case said && now.Value != c.After:
			t.Errorf("%s: %s is %q, reported %q", name, cell, now.Value, c.After)
		case said && there && old.Style != now.Style:
			t.Errorf("%s: %s has style %d, had %d", name, cell, now.Style, old.Style)
		case said && now.Formula != "":
			t.Errorf("%s: %s became the formula %q", name, cell, now.Formula)
		case !said && old != now:
			t.Errorf("%s: %s is %+v, was %+v, and was not reported", name, cell, now, old)
		}
	}
	for cell := range was {
		if _, there := is[cell]; !there {
			t.Errorf("%s: %s is gone", name, cell)
		}
	}
}

// opens has LibreOffice open all workbooks of a folder and save them.
func opens(t *testing.T, dir string, want int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.xlsx"))
	if err != nil || len(files) != want {
		t.Fatal(files, err)
	}
	slices.SortFunc(files, cmp.Compare)
	out := filepath.Join(dir, "out")
	args := append([]string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", out}, files...)
	cmd := exec.CommandContext(t.Context(), "soffice", args...)
	if log, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	for _, file := range files {
		saved, err := os.ReadFile(filepath.Join(out, filepath.Base(file)))
		if err != nil {
			t.Errorf("LibreOffice did not open %s: %v", filepath.Base(file), err)
			continue
		}
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := texts(t, written), texts(t, saved); len(a) == 0 || gocmp.Diff(a, b) != "" {
			t.Errorf("%s is not the same after LibreOffice saved it: %s", filepath.Base(file), clip(gocmp.Diff(a, b), 600))
		}
	}
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

// texts are the texts of the cells that were filled in.
func texts(t testing.TB, data []byte) map[string]string {
	t.Helper()
	f := openFile(t, data)
	out := map[string]string{}
	for _, s := range f.Sheets() {
		g, err := f.Grid(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range g.Rows {
			for _, c := range r.Cells {
				if c.Kind == patch.Text && !c.Formula && (strings.HasPrefix(c.Text, "=1+1") || strings.Contains(c.Text, "K-PROVE") || strings.Contains(c.Text, "✓")) {
					out[s.Name+"!"+patch.Ref{Col: c.Col, Row: r.Number}.String()] = c.Text
				}
			}
		}
	}
	return out
}

func keyOf(err error) string { return problem.KeyOf(err) }
