package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"felleskrav/internal/catalogue"
)

// smallContent are the files of a content that lint has nothing to say about.
func smallContent() map[string]string {
	three := func(s string) string { return fmt.Sprintf("{nb: %q, nn: %q, en: %q}", s, s, s) }
	graded := func(reason string) string {
		var b strings.Builder
		for _, d := range catalogue.Dimensions() {
			fmt.Fprintf(&b, "      %s: {level: 1, reason: {nb: %q, nn: %q, en: %q}}\n", d, reason+" på nb.", reason+" på nn.", reason+" in en.")
		}
		return b.String()
	}
	levels := "levels:\n"
	for i := 1; i <= 4; i++ {
		levels += fmt.Sprintf("  - {level: %d, name: %s, description: %s, consequences: []}\n", i, three("N"), three("Test."))
	}
	themes := "id: TEST\nname: " + three("Test") + "\ndescription: " + three("Test.") + "\nrequirements:\n"
	for i := 1; i <= 4; i++ {
		themes += smallRequirement(fmt.Sprintf("K-TEST-%02d", i), "kontoer", "90")
	}
	return map[string]string{
		"sources.yaml": "sources:\n  - {id: lov, kind: law, name: " + three("Loven") + ", citation: LOV-1}\n",
		"levels.yaml":  levels,
		"tasks/a.yaml": "tasks:\n  - id: fag.test\n    name: " + three("Test") + "\n    description: " + three("Test.") +
			"\n    sectors: [all]\n    informationTypes: [testdata]\n    levels:\n" + graded("Dette er grunnen"),
		"information-types/a.yaml": "informationTypes:\n  - id: testdata\n    name: " + three("Testdata") + "\n    description: " + three("Test.") +
			"\n    personalData: none\n    levels:\n" + graded("Dette er grunnen"),
		"measures/a.yaml": `measures:
  - id: T-TEST-01
    title: {nb: Testtiltak, nn: Testtiltak, en: Test measure}
    text: {nb: "Hver konto stenges etter 90 dager uten bruk.", nn: "Kvar konto blir stengd etter 90 dagar utan bruk.", en: "Every account is closed after 90 days without use."}
    why: {nb: "Gamle kontoer er åpne dører.", nn: "Gamle kontoar er opne dører.", en: "Old accounts are open doors."}
    from: {confidentiality: 1}
    carrier: supplier
    shownBy: {nb: "Liste over kontoer med siste bruk.", nn: "Liste over kontoar med siste bruk.", en: "A list of accounts with last use."}
`,
		"themes/a.yaml": themes,
		"sets/a.yaml": "id: testsett\nname: " + three("Test") + "\npurpose: " + three("Test.") +
			"\ndeliveryModels: [saas]\nrequirements: [K-TEST-01, K-TEST-02, K-TEST-03, K-TEST-04]\n",
	}
}

// smallRequirement asks that something is closed within a number of days.
func smallRequirement(id, what, days string) string {
	return fmt.Sprintf(`  - id: %[1]s
    title: {nb: "Stenging %[1]s", nn: "Stenging %[1]s", en: "Closing %[1]s"}
    text:
      nb: "Leverandøren skal stenge %[2]s innen %[3]s dager."
      nn: "Leverandøren skal stengje %[2]s innan %[3]s dagar."
      en: "The supplier shall close %[2]s within %[3]s days."
    rationale: {nb: "Gamle kontoer misbrukes.", nn: "Gamle kontoar blir misbrukte.", en: "Old accounts get misused."}
    kind: requirement
    suggested: absolute
    from: {confidentiality: 1}
    deliveryModels: [saas]
    measures: [T-TEST-01]
    verify: {nb: "Be om listen over kontoer.", nn: "Be om lista over kontoar.", en: "Ask for the list of accounts."}
    evidence: [policy]
`, id, what, days)
}

func writeContent(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// expect runs the program here and wants its code, and texts in its standard
// error.
func expect(t *testing.T, code int, says []string, args ...string) result {
	t.Helper()
	r := here(t, nil, "", args...)
	if r.code != code {
		t.Fatalf("%s: ended with %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	for _, s := range says {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("%s: does not say %q:\n%s", strings.Join(args, " "), s, r.stderr)
		}
	}
	return r
}

// twoVersions publishes testsett 1.0.0 and 2.0.0: 01 is unchanged, 02
// reworded, 03 changed in substance, 04 removed and 05 added.
func twoVersions(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeContent(t, dir, smallContent())
	expect(t, 0, []string{"testsett@1.0.0"}, "catalogue", "publish", "testsett", "1.0.0", "--requirements", dir, "--date", "2027-01-15")
	writeContent(t, dir, changedContent())
	expect(t, 0, []string{"Nytt krav: 1, Tatt ut: 1, Omformulert: 1, Endret innhold: 1, Uendret: 1"}, "catalogue", "publish", "testsett", "2.0.0", "--requirements", dir, "--date", "2027-02-15")
	return dir
}

func changedContent() map[string]string {
	files := smallContent()
	head, _, _ := strings.Cut(files["themes/a.yaml"], "  - id:")
	return map[string]string{
		"themes/a.yaml": head + smallRequirement("K-TEST-01", "kontoer", "90") + smallRequirement("K-TEST-02", "alle kontoer", "90") +
			smallRequirement("K-TEST-03", "kontoer", "30") + smallRequirement("K-TEST-05", "kontoer", "90"),
		"sets/a.yaml": strings.Replace(files["sets/a.yaml"], "K-TEST-04", "K-TEST-05", 1),
	}
}

func TestLint(t *testing.T) {
	dir := t.TempDir()
	files := smallContent()
	writeContent(t, dir, files)
	expect(t, 0, []string{"Ingen feil: 1 oppgaver"}, "catalogue", "lint", dir)

	vague := strings.Replace(files["themes/a.yaml"], "innen 90 dager", "jevnlig", 1)
	writeContent(t, dir, map[string]string{"themes/a.yaml": vague})
	r := expect(t, 1, []string{"1 merknad"}, "catalogue", "lint", dir)
	if want := filepath.Join(dir, "themes", "a.yaml") + ":8: [nb] «jevnlig»"; !strings.HasPrefix(r.stdout, want) {
		t.Errorf("lint says\n%s, want it to begin with %s", r.stdout, want)
	}
	for _, format := range []string{"json", "yaml"} {
		r = expect(t, 1, nil, "catalogue", "lint", dir, "--format", format)
		if !strings.Contains(r.stdout, "vague") || !strings.Contains(r.stdout, "K-TEST-01") {
			t.Errorf("%s:\n%s", format, r.stdout)
		}
	}
	var report lintReport
	r = expect(t, 1, nil, "catalogue", "lint", dir, "--format", "json")
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || len(report.Findings) != 1 || report.Findings[0].Lang != "nb" || report.Findings[0].Line != 8 {
		t.Errorf("json: %v\n%s", err, r.stdout)
	}

	writeContent(t, dir, map[string]string{"themes/a.yaml": strings.Replace(files["themes/a.yaml"], "kind: requirement", "kindd: requirement", 1)})
	if r = expect(t, 1, []string{" feil"}, "catalogue", "lint", dir); !strings.Contains(r.stdout, "«kindd»") {
		t.Errorf("a fault: %s", r.stdout)
	}
}

// --fix formats the files of content, keeps comments, and touches nothing else.
func TestLintFix(t *testing.T) {
	dir := t.TempDir()
	files := smallContent()
	files["sets/a.yaml"] = "# bevart\n" + strings.Replace(files["sets/a.yaml"], "requirements: [K-TEST-01, ", "requirements: [K-TEST-01,    ", 1)
	files["other/b.yaml"] = "a:    1\n"
	files["c.yaml"] = "a:    1\n"
	writeContent(t, dir, files)
	r := expect(t, 0, []string{"Formaterte " + filepath.Join(dir, "sets", "a.yaml")}, "catalogue", "lint", dir, "--fix")
	if strings.Contains(r.stderr, "b.yaml") || strings.Contains(r.stderr, "c.yaml") {
		t.Errorf("other files were formatted: %s", r.stderr)
	}
	data, err := os.ReadFile(filepath.Join(dir, "sets", "a.yaml"))
	if err != nil || !strings.HasPrefix(string(data), "# bevart\n") || strings.Contains(string(data), ",  ") {
		t.Errorf("%v\n%s", err, data)
	}
	if info, err := os.Stat(filepath.Join(dir, "sets", "a.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode became %v (%v)", info.Mode(), err)
	}
	if r = expect(t, 0, nil, "catalogue", "lint", dir, "--fix"); strings.Contains(r.stderr, "Formaterte") {
		t.Errorf("what is formatted was formatted again: %s", r.stderr)
	}
	expect(t, 2, []string{"--fix"}, "catalogue", "lint", "--fix")
}

// A version is published once, from clean content, with a number that tells
// what it does to answers; lint then sees a release that changed.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	writeContent(t, dir, smallContent())
	publish := func(code int, version string, says ...string) {
		t.Helper()
		expect(t, code, says, "catalogue", "publish", "testsett", version, "--requirements", dir)
	}
	publish(0, "1.0.0", "testsett@1.0.0")
	publish(1, "1.0.0", "testsett@1.0.0 er publisert")
	publish(2, "")
	publish(1, "0.9.0", "ikke en høyere versjon", "1.0.1")
	expect(t, 1, nil, "catalogue", "publish", "ukjent@1.0.0", "--requirements", dir)

	writeContent(t, dir, changedContent())
	publish(1, "1.1.0", "K-TEST-03", "endret innhold", "2.0.0")
	reworded := map[string]string{"sets/a.yaml": strings.Replace(smallContent()["sets/a.yaml"], `purpose: {nb: "Test."`, `purpose: {nb: "Ny test."`, 1), "themes/a.yaml": smallContent()["themes/a.yaml"]}
	writeContent(t, dir, reworded)
	publish(0, "1.0.1", "Uendret: 4")
	models := map[string]string{"sets/a.yaml": strings.Replace(reworded["sets/a.yaml"], "[saas]", "[saas, paas]", 1)}
	writeContent(t, dir, models)
	publish(1, "1.0.2", "leveransemodeller", "1.1.0")

	vague := changedContent()
	vague["themes/a.yaml"] = strings.Replace(vague["themes/a.yaml"], "innen 90 dager", "jevnlig", 1)
	writeContent(t, dir, vague)
	publish(1, "2.0.0", "[nb] «jevnlig»", "publiserte ingenting")
	if _, err := os.Stat(filepath.Join(dir, "releases", "testsett-2.0.0.json")); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	writeContent(t, dir, changedContent())
	publish(0, "2.0.0", "catalogue diff testsett@1.0.1 testsett@2.0.0")

	file := filepath.Join(dir, "releases", "testsett-2.0.0.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), "skal", "bør", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := expect(t, 1, nil, "catalogue", "lint", dir); !strings.Contains(r.stdout, "testsett-2.0.0.json:1: ") {
		t.Errorf("lint of a changed release says %s", r.stdout)
	}
}

func TestDiff(t *testing.T) {
	dir := twoVersions(t)
	r := expect(t, 0, nil, "catalogue", "diff", "testsett@1.0.0", "testsett@2.0.0", "--requirements", dir)
	for _, s := range []string{
		"K-TEST-01          Uendret", "K-TEST-02          Omformulert", "K-TEST-03          Endret innhold", "K-TEST-04          Tatt ut", "K-TEST-05          Nytt krav",
		"− Leverandøren skal stenge kontoer innen 90 dager.\n        + Leverandøren skal stenge alle kontoer innen 90 dager.",
		"− Leverandøren skal stenge kontoer innen 90 dager.\n        + Leverandøren skal stenge kontoer innen 30 dager.", "må neste versjon være minst 2.0.0",
	} {
		if !strings.Contains(r.stdout, s) {
			t.Errorf("the diff lacks %q:\n%s", s, r.stdout)
		}
	}
	r = expect(t, 0, nil, "catalogue", "diff", "testsett@1.0.0", "--requirements", dir, "--format", "json")
	var diff struct {
		Step    string
		Changes []struct {
			catalogue.Change
			Before, Now struct{ Text *catalogue.Text }
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &diff); err != nil || len(diff.Changes) != 5 || diff.Step != "major" {
		t.Fatalf("json: %v\n%s", err, r.stdout)
	}
	c := diff.Changes[2]
	if c.Kind != catalogue.ChangeSubstance || c.Before.Text == nil || c.Before.Text.EN != "The supplier shall close kontoer within 90 days." || c.Now.Text.EN != "The supplier shall close kontoer within 30 days." {
		t.Errorf("the change in substance is %+v", c)
	}
	if diff.Changes[0].Before.Text != nil {
		t.Errorf("the unchanged one has texts: %+v", diff.Changes[0])
	}
}

func TestShowTables(t *testing.T) {
	dir := twoVersions(t)
	changed := changedContent()
	changed["themes/a.yaml"] = strings.Replace(changed["themes/a.yaml"], `nb: "Stenging K-TEST-01"`, `nb: "=1+1"`, 1)
	writeContent(t, dir, changed)
	rows := func(args ...string) [][]string {
		t.Helper()
		r := expect(t, 0, nil, append([]string{"catalogue", "show", "--requirements", dir}, args...)...)
		text, marked := strings.CutPrefix(r.stdout, "\ufeff")
		in := csv.NewReader(strings.NewReader(text))
		in.Comma = ';'
		rows, err := in.ReadAll()
		if err != nil || !marked {
			t.Fatalf("%v: %v\n%s", args, err, r.stdout)
		}
		return rows
	}
	all := rows("--format", "csv")
	if len(all) != 5 || all[0][5] != "title" || all[1][5] != "'=1+1" || all[2][6] != "Leverandøren skal stenge alle kontoer innen 90 dager." || all[1][24] != "testsett" {
		t.Errorf("today's requirements are %q", all)
	}
	if old := rows("--lang", "en", "testsett@1.0.0", "--format", "csv"); len(old) != 5 || old[2][6] != "The supplier shall close kontoer within 90 days." {
		t.Errorf("the requirements of 1.0.0 are %q", old)
	}
	for _, args := range [][]string{{}, {"testsett@1.0.0"}, {"coverage"}} {
		file := filepath.Join(t.TempDir(), "a.xlsx")
		expect(t, 0, nil, append([]string{"catalogue", "show", "--requirements", dir, "-o", file}, args...)...)
		if data, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(data), "PK") {
			t.Errorf("%v: %v, %d bytes", args, err, len(data))
		}
	}
	expect(t, 2, []string{"-o FIL.xlsx"}, "catalogue", "show", "--format", "xlsx")
	expect(t, 2, []string{"K-TEST-01"}, "catalogue", "show", "K-TEST-01", "--requirements", dir, "--format", "csv")
}

func TestShowCoverage(t *testing.T) {
	if r := expect(t, 0, nil, "catalogue", "show", "coverage"); !strings.Contains(r.stdout, "av 118 tiltak er koblet") || !strings.Contains(r.stdout, "Ikke koblet: ") {
		t.Errorf("text:\n%.400s", r.stdout)
	}
	var v struct{ NSM, Law []catalogue.Covered }
	r := expect(t, 0, nil, "catalogue", "show", "coverage", "--format", "json")
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil || len(v.NSM) != 118 || len(v.Law) == 0 || v.NSM[0].Measures == nil || strings.Contains(r.stdout, "null") {
		t.Errorf("json: %v\n%.400s", err, r.stdout)
	}
	r = expect(t, 0, nil, "catalogue", "show", "coverage", "--format", "csv")
	if n := strings.Count(r.stdout, "\n"); n != 1+len(v.NSM)+len(v.Law) || !strings.HasPrefix(r.stdout, "\ufeffsource;name;id;") {
		t.Errorf("csv has %d lines:\n%.400s", n, r.stdout)
	}
}
