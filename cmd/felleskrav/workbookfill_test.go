package main

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"felleskrav/internal/api"
	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/workbooktest"
)

// ownBook has a workbook of the body's own filled in: first what must be
// decided, then with decisions, then the same again without them.
func (w *walk) ownBook(token, procurement string) {
	t := w.t
	t.Helper()
	w.write("own.xlsx", corpustest.Get(t, "exceljs/engelsk-grupper").Read(t))
	fill := func(code int, args ...string) result {
		t.Helper()
		return w.run(code, token, append([]string{"workbook", "fill", "own.xlsx", "--procurement", procurement}, args...)...)
	}
	fill(2, "--answers", seller)
	fill(2, "-o", "out.xlsx")
	fill(2, "--insert", "Security requirements", "-o", "out.xlsx")
	fill(2, "--answers", seller, "-o", "out.csv")
	asked := fill(1, "--answers", seller, "-o", "out.xlsx")
	if !strings.Contains(asked.stderr, "kolonne D («Customer – M/O»)") || !strings.Contains(asked.stderr, "koden «M»") {
		t.Errorf("does not say what must be decided:\n%s", asked.stderr)
	}
	if _, err := os.Stat(w.file("out.xlsx")); err == nil {
		t.Error("filled in before anybody decided")
	}
	fill(0, "--accept-same", "--decisions-out", "decisions.yaml")
	text := string(w.read("decisions.yaml"))
	for _, want := range []string{"D: '?' # Customer – M/O (type?)", "M: '?'", "# 5: K-STYRING-01 # K-STYRING-01 (ligner litt)", "6: K-STYRING-02 #"} {
		if !strings.Contains(text, want) {
			t.Errorf("the file of decisions does not hold %q:\n%s", want, text)
		}
	}
	text = strings.NewReplacer("D: '?'", "D: type", "G: '?'", "G: answer", "H: '?'", `H: ""`, "M: '?'", "M: minimum", "O: '?'", "O: scored").Replace(text)
	w.write("decisions.yaml", []byte(text))
	done := fill(0, "--decisions", "decisions.yaml", "--answers", seller, "--columns", seller+","+otherSeller, "--insert", "Security requirements!4", "-o", "out.xlsx")
	if !strings.Contains(done.stderr, "Fylte ut ") {
		t.Errorf("does not say what was done:\n%s", done.stderr)
	}
	read, err := workbooktest.Cells(w.read("out.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{"F6": "Compliant", "C6": "The supplier shall have one named person with written responsibility for information security in the whole organisation, who is the chief executive or reports directly to the chief executive."} {
		if got, err := read("Security requirements", cell); err != nil || got.Text != want {
			t.Errorf("%s is %q (%v), want %q", cell, got, err, want)
		}
	}
	w.write("bad.yaml", []byte("tables:\n  - sheet: Krav\n    header: 4\n    colour: red\n"))
	fill(2, "--decisions", "bad.yaml", "--answers", seller, "-o", "out.xlsx")
	w.write("unknown.yaml", []byte(strings.Replace(text, "6: K-STYRING-02", "6: K-NO-01", 1)))
	if refused := fill(1, "--decisions", "unknown.yaml", "--answers", seller, "-o", "out.xlsx"); !strings.Contains(refused.stderr, "decisions[0].rows[6]") {
		t.Errorf("a decision that cannot be:\n%s", refused.stderr)
	}
	var left api.OwnWorkbookList
	want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/procurements/"+procurement+"/fill", token, "", nil, &left)
	if len(left.Items) != 0 {
		t.Errorf("%d files are left at the server", len(left.Items))
	}
}

func TestRowsAreAcceptedOnlyWhenOneRequirementIsTheSame(t *testing.T) {
	one := func(r string, same bool) api.OwnSuggestion { return api.OwnSuggestion{Requirement: r, Same: same} }
	rows := map[int]string{5: ""}
	accept(api.OwnTable{Lines: []api.OwnLine{
		{Row: 1, Suggestions: []api.OwnSuggestion{one("K-A-01", true), one("K-A-02", false)}},
		{Row: 2, Suggestions: []api.OwnSuggestion{one("K-A-01", false)}},
		{Row: 3, Suggestions: []api.OwnSuggestion{one("K-A-01", true), one("K-A-02", true)}},
		{Row: 4}, {Row: 5, Suggestions: []api.OwnSuggestion{one("K-A-03", true)}},
	}}, rows)
	if len(rows) != 2 || rows[1] != "K-A-01" || rows[5] != "" {
		t.Errorf("accepted %v", rows)
	}
}
