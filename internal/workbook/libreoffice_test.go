package workbook

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
)

// resave opens files in LibreOffice and saves them as .xlsx again, in one run.
func resave(t *testing.T, files map[string][]byte) map[string][]byte {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Fatal("LibreOffice (soffice) is needed to test workbooks; make test installs it (package libreoffice-calc)")
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	args := []string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", out}
	for name, data := range files {
		path := filepath.Join(dir, name+".xlsx")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	said, err := exec.CommandContext(ctx, soffice, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	saved := map[string][]byte{}
	for name := range files {
		if saved[name], err = os.ReadFile(filepath.Join(out, name+".xlsx")); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	return saved
}

func TestLibreOfficeOpensAndSavesThem(t *testing.T) {
	tender := testTender(t, "nn", 24)
	f := openBook(t, writeTender(t, tender))
	want := fill(t, f, tender.Texts)
	f.SetActiveSheet(1)

	altered := openBook(t, save(t, f))
	set(t, altered, "Krav", "D7", "Noko anna")

	existing := []attestation.Answer{{Requirement: "K-STYRING-01", Status: attestation.Partial, Statement: "- delvis\n=1+1"}}
	saved := resave(t, map[string][]byte{
		"tender": save(t, f), "altered": save(t, altered), "answers": writeAnswers(t, "en", existing),
		"full": writeTender(t, withBidders(testTender(t, "nb", 24))),
	})

	got := readTender(t, saved["tender"], KnownLines(tender.Lines))
	if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
		t.Errorf("%v: answers (-want +got):\n%s", got.Err(), diff)
	}
	if got.Procurement != tender.Procurement.ID {
		t.Error("the hidden sheet did not survive")
	}
	got = readTender(t, saved["altered"], nil)
	if r := got.Refused(); len(r) != 1 || r[0].Path() != "Krav!D7" || r[0].Key != "workbook.row.altered-text" {
		t.Errorf("altered text: %+v", r)
	}
	answers, err := testReader(t).Answers(bytes.NewReader(saved["answers"]), int64(len(saved["answers"])), findTest)
	if err != nil || answers.Err() != nil {
		t.Fatal(err, answers.Err())
	}
	if diff := cmp.Diff(existing, answers.Answers); diff != "" {
		t.Error(diff)
	}

	// LibreOffice understood the drop-downs, the locks, the filter, the print
	// titles and the signs, since it wrote them again. (Frozen rows it does not
	// write when it runs without a window.)
	parts := rawParts(t, saved["tender"])
	for n := 2; n <= 4; n++ {
		sheet := parts[fmt.Sprintf("xl/worksheets/sheet%d.xml", n)]
		for _, s := range []string{`type="list"`, "Oppfylt,Delvis oppfylt,Planlagt,Alternativ løysing", `<sheetProtection`, `<autoFilter`, `<conditionalFormatting`, `fitToWidth="1"`} {
			if !strings.Contains(sheet, s) {
				t.Errorf("after LibreOffice sheet %d lacks %s", n, s)
			}
		}
	}
	for _, name := range []string{"Krav_svar", "Krav_oppfylt", "Kvalifikasjonskrav_svar", "Kontraktsvilkaar_id"} {
		if !strings.Contains(parts["xl/workbook.xml"], `name="`+name+`"`) {
			t.Errorf("after LibreOffice the range %s is gone", name)
		}
	}
	if !strings.Contains(parts["xl/workbook.xml"], "Print_Titles") || !strings.Contains(parts["xl/styles.xml"], "✗") {
		t.Error("after LibreOffice print titles or signs are gone")
	}
	book := openBook(t, saved["tender"])
	for cell, locked := range map[string]bool{"D6": true, "H6": false, "K18": false, "A12": true} {
		id, err := book.GetCellStyle("Krav", cell)
		if err != nil {
			t.Fatal(err)
		}
		st, err := book.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := st.Protection == nil || st.Protection.Locked; got != locked {
			t.Errorf("after LibreOffice %s locked=%v, want %v", cell, got, locked)
		}
	}
	full := openBook(t, saved["full"])
	rows, err := full.GetRows("Sammenligning")
	if err != nil || len(rows) != 4+11+24 || rows[15][3] == "" {
		t.Errorf("comparison after LibreOffice: %d rows, %v", len(rows), err)
	}
	again := rawParts(t, saved["full"])
	charts, named := 0, 0
	for name, xml := range again {
		if strings.HasPrefix(name, "xl/drawings/drawing") && strings.Contains(xml, `name="Svar per tilbyder"`) { // it writes no text alternatives of charts
			named++
		}
		// It has read the cells, since it writes what stood in them.
		if strings.HasPrefix(name, "xl/charts/chart") && strings.Count(xml, "<c:ser>") == len(counted) && strings.Contains(xml, "Fjordata Drift AS") {
			charts++
		}
	}
	if charts != 1 || named != 1 {
		t.Errorf("after LibreOffice there are %d charts and %d drawings of one", charts, named)
	}
	for name, xml := range again {
		if strings.HasPrefix(name, "xl/worksheets/") && strings.Contains(xml, "<f") && strings.Contains(xml, "</f>") {
			t.Errorf("%s has a formula after LibreOffice", name)
		}
	}
}

// LibreOffice writes every part of a file anew. What it saves is still what
// the service made, and what somebody altered in it is named.
func TestLibreOfficeAltersNothing(t *testing.T) {
	buyer, forBidder, trust := sealed(t, "nb", 24)
	f := openBook(t, forBidder)
	set(t, f, "Krav", "H6", "Ikke oppfylt")
	set(t, f, "Krav", "D9", "Noe annet")
	saved := resave(t, map[string][]byte{"buyer": buyer, "bidder": forBidder, "altered": save(t, f)})
	for _, name := range []string{"buyer", "bidder"} {
		if v := verify(t, saved[name], trust); v.Verdict != Untouched || len(v.Findings) > 0 || v.Compared < 300 {
			t.Errorf("%s: %s after %d cells: %v", name, v.Verdict, v.Compared, told(v))
		}
	}
	want := []string{"cells fails ", "altered Krav!D9", "deviates Krav!H6"}
	if diff := cmp.Diff(want, told(verify(t, saved["altered"], trust))); diff != "" {
		t.Error(diff)
	}
}
