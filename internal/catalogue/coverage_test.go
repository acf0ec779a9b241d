package catalogue_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write generated files anew")

const coverageFile = "../../requirements/COVERAGE.md"

func TestCoverageTableIsUpToDate(t *testing.T) {
	var b bytes.Buffer
	if err := load(t).WriteCoverage(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(coverageFile, b.Bytes(), 0o644); err != nil { //nolint:gosec // a document for everyone
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Error("requirements/COVERAGE.md is not what the content gives: run make generate")
	}
}

func TestCoverageOfNSM(t *testing.T) {
	rows := load(t).CoverageOfNSM()
	if len(rows) != 118 {
		t.Fatalf("%d rows, want NSM's 118 measures", len(rows))
	}
	for _, r := range rows {
		if (len(r.Measures) > 0) == (r.Reason != nil) {
			t.Errorf("%s has measures %v and reason %v, want one of them", r.ID, r.Measures, r.Reason)
		}
	}
}
