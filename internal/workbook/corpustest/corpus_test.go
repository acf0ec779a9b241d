package corpustest_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/problem"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/corpustest"
)

// The least number of files of each producer, and together.
var least = map[string]int{"openpyxl": 12, "exceljs": 8, "excelize": 8, "libreoffice": 6}

const leastTogether = 34

func TestCorpusIsWhole(t *testing.T) {
	files := corpustest.Files(t)
	if len(files) < leastTogether {
		t.Errorf("%d files, want at least %d", len(files), leastTogether)
	}
	made := map[string]int{}
	none, refused := 0, 0
	for _, f := range files {
		made[f.Producer]++
		if f.About == "" {
			t.Errorf("%s does not tell what it is about", f.Name)
		}
		if f.Truth.None {
			none++
		}
		if f.Truth.Refused != "" {
			refused++
		}
		if f.Truth.None == (len(f.Truth.Tables) > 0) {
			t.Errorf("%s has %d tables and none=%v", f.Name, len(f.Truth.Tables), f.Truth.None)
		}
	}
	for producer, n := range least {
		if made[producer] < n {
			t.Errorf("%d files of %s, want at least %d", made[producer], producer, n)
		}
	}
	if none < 2 || refused < 2 {
		t.Errorf("%d files without a table and %d to refuse, want at least 2 of each", none, refused)
	}
}

func TestArchivesAreAccepted(t *testing.T) {
	for _, f := range corpustest.Files(t) {
		data := f.Read(t)
		err := workbook.CheckArchive(bytes.NewReader(data), int64(len(data)), workbook.DefaultLimits())
		if f.Truth.Refused == "" {
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		}
		var p *problem.Error
		if want := "workbook.error." + f.Truth.Refused; !errors.As(err, &p) || p.Key != want {
			t.Errorf("%s: %v, want %s", f.Name, err, want)
		}
	}
}

// The truth is about what really stands in the sheets.
func TestTruthHolds(t *testing.T) {
	for _, f := range corpustest.Files(t) {
		t.Run(f.Name, func(t *testing.T) {
			book, err := excelize.OpenFile(f.Path, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			defer book.Close()
			for _, table := range f.Truth.Tables {
				rows, err := book.GetRows(table.Sheet)
				if err != nil {
					t.Fatal(err)
				}
				checkTable(t, table, func(column string, row int) string {
					n, err := excelize.ColumnNameToNumber(column)
					if err != nil {
						t.Fatal(err)
					}
					if row > len(rows) || n > len(rows[row-1]) {
						return ""
					}
					return rows[row-1][n-1]
				})
			}
		})
	}
}

func checkTable(t *testing.T, table corpustest.Table, cell func(string, int) string) {
	t.Helper()
	if len(table.Header) == 0 || !slices.IsSorted(table.Header) || table.First <= slices.Max(table.Header) || table.Last < table.First || table.Columns["text"] == "" {
		t.Fatalf("%s: no whole table: %+v", table.Sheet, table)
	}
	for role, column := range table.Columns {
		if !slices.Contains(corpustest.Roles, role) {
			t.Errorf("%s: unknown role %s", table.Sheet, role)
		}
		if !slices.ContainsFunc(table.Header, func(r int) bool { return strings.TrimSpace(cell(column, r)) != "" }) {
			t.Errorf("%s: the header of %s (column %s, rows %v) is empty", table.Sheet, role, column, table.Header)
		}
	}
	if (table.Columns["type"] != "") != (table.Codes.Ask || len(table.Codes.Meaning) > 0) {
		t.Errorf("%s: type column %q, codes %+v", table.Sheet, table.Columns["type"], table.Codes)
	}
	for _, meaning := range table.Codes.Meaning {
		if !slices.Contains(corpustest.Meanings, meaning) {
			t.Errorf("%s: unknown meaning %s", table.Sheet, meaning)
		}
	}
	used := map[string]bool{}
	rows := table.Rows()
	for _, r := range rows {
		if strings.TrimSpace(cell(table.Columns["text"], r)) == "" {
			t.Errorf("%s: row %d has no text", table.Sheet, r)
		}
		if column := table.Columns["type"]; column != "" {
			used[strings.TrimSpace(cell(column, r))] = true
		}
	}
	for code := range table.Codes.Meaning {
		if !used[code] {
			t.Errorf("%s: no row has code %s", table.Sheet, code)
		}
	}
	for code := range used {
		if code != "" && !table.Codes.Ask && table.Codes.Meaning[code] == "" {
			t.Errorf("%s: code %q has no meaning", table.Sheet, code)
		}
	}
	for r, id := range table.Requirements {
		if !slices.Contains(rows, r) || !strings.HasPrefix(id, "K-") {
			t.Errorf("%s: requirement %q in row %d", table.Sheet, id, r)
		}
	}
}

func TestLibreOfficeOpensAll(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Fatal("LibreOffice (soffice) is needed to test workbooks; make test installs it (package libreoffice-calc)")
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	args := []string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", out}
	want := map[string]string{}
	for _, f := range corpustest.Files(t) {
		if f.Truth.Refused != "" {
			continue // nobody's program is to open these
		}
		name := strings.ReplaceAll(f.Name, "/", "-") + ".xlsx"
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, f.Read(t), 0o600); err != nil {
			t.Fatal(err)
		}
		want[name] = f.Name
		args = append(args, path)
	}
	said, err := exec.CommandContext(t.Context(), soffice, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	for name, file := range want {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("LibreOffice did not open %s: %v\n%s", file, err, said)
		}
	}
}
