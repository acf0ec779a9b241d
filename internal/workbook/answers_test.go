package workbook

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

func writeAnswers(t testing.TB, lang string, existing []attestation.Answer) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := WriteAnswerSheet(&buf, testVersion(8), testBundle(t).In(lang), existing); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func findTest(ref SetRef) (catalogue.Version, bool) {
	v := testVersion(8)
	return v, ref.ID == "" || ref.ID == v.Set && ref.Version == v.Version
}

func TestAnswerSheetRoundTrip(t *testing.T) {
	sum := "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
	existing := []attestation.Answer{
		{Requirement: "K-STYRING-01", Status: attestation.Met, Statement: "+ ja", Evidence: []attestation.EvidenceRef{{Name: "=sertifikat.pdf", Digest: attestation.DigestSet{SHA256: sum}}}},
		{Requirement: "K-KRYPTO-01", Status: attestation.NotMet, Statement: "Ikke før 2027."},
	}
	for _, lang := range locale.Languages() {
		f := openBook(t, writeAnswers(t, lang, existing))
		sheet := testBundle(t).In(lang).T("workbook.sheet.answers")
		set(t, f, sheet, "F6", testBundle(t).In(lang).T("answer.met"))
		set(t, f, sheet, "H6", "rapport 1.pdf; rapport 2.pdf\nSHA256:"+sum)
		data := save(t, f)
		got, err := testReader(t).Answers(bytes.NewReader(data), int64(len(data)), findTest)
		if err != nil {
			t.Fatal(err)
		}
		want := []attestation.Answer{
			{Requirement: "K-STYRING-01", Status: attestation.Met, Statement: "+ ja"},
			{Requirement: "K-TILGANG-01", Status: attestation.Met},
			{Requirement: "K-KRYPTO-01", Status: attestation.NotMet, Statement: "Ikke før 2027."},
		}
		if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
			t.Errorf("%s: %v (-want +got):\n%s", lang, got.Err(), diff)
		}
		if diff := cmp.Diff(map[string]string{"K-STYRING-01": "=sertifikat.pdf sha256:" + sum, "K-TILGANG-01": "rapport 1.pdf; rapport 2.pdf\nSHA256:" + sum}, got.Evidence); diff != "" {
			t.Errorf("%s: evidence (-want +got):\n%s", lang, diff)
		}
		if len(got.Rows) != 8 || got.Language != lang || got.Sets[0].ID != "grunnsett" {
			t.Errorf("%s: %d rows, %q, %v", lang, len(got.Rows), got.Language, got.Sets)
		}
	}
}

func TestAnswerSheetOfAnotherSet(t *testing.T) {
	data := writeAnswers(t, "nb", nil)
	other := testVersion(8)
	other.Digest = "ff"
	for name, find := range map[string]FindVersion{
		"unknown": func(SetRef) (catalogue.Version, bool) { return catalogue.Version{}, false },
		"digest":  func(SetRef) (catalogue.Version, bool) { return other, true },
	} {
		_, err := testReader(t).Answers(bytes.NewReader(data), int64(len(data)), find)
		if problem.KeyOf(err) != "workbook.error.unknown-set" {
			t.Errorf("%s: %v", name, err)
		}
	}
	tender := writeTender(t, testTender(t, "nb", 4))
	if _, err := testReader(t).Answers(bytes.NewReader(tender), int64(len(tender)), findTest); problem.KeyOf(err) != "workbook.error.wrong-kind" {
		t.Errorf("a tender read as answers: %v", err)
	}
}

// The most that a declaration can hold comes back as it was written: nobody is
// refused a workbook that they only filled in.
func TestTheMostEvidenceReadsBack(t *testing.T) {
	var most []attestation.EvidenceRef
	for i := range 20 {
		name := strings.Repeat("å", 196) + fmt.Sprintf("%04d", i)
		most = append(most, attestation.EvidenceRef{Name: name, Digest: attestation.DigestSet{SHA256: fmt.Sprintf("%064x", i)}})
	}
	data := writeAnswers(t, "nb", []attestation.Answer{{Requirement: "K-STYRING-01", Status: attestation.Met, Statement: strings.Repeat("ø", maxStatement), Evidence: most}})
	got, err := testReader(t).Answers(bytes.NewReader(data), int64(len(data)), findTest)
	if found, unknown := got.Files("K-STYRING-01", most); err != nil || got.Err() != nil || len(found) != 20 || len(unknown) > 0 {
		t.Errorf("an answer sheet: %v, %v, %d pieces of evidence, unknown %v", err, got.Err(), len(found), unknown)
	}
	tender := withBidders(testTender(t, "nb", 4))
	b := tender.Comparison.Bidders[0]
	b.Statuses[0].Requirements[0].Evidence = most
	tender.Prefill = &Prefill{b.Bidder, b.Statuses}
	if got := readTender(t, writeTender(t, tender), KnownLines(tender.Lines)); got.Err() != nil || len(got.Answers) != 4 {
		t.Errorf("a tender workbook: %v, %d answers", got.Err(), len(got.Answers))
	}
}

// Names are told apart by what was uploaded, since nothing else can tell a
// semicolon in a name from one between two names.
func TestFilesAreFoundByWhatIsWritten(t *testing.T) {
	file := func(name string, n int) attestation.EvidenceRef {
		return attestation.EvidenceRef{Name: name, Digest: attestation.DigestSet{SHA256: fmt.Sprintf("%064x", n)}}
	}
	one, two, odd, spaced, same := file("rapport 1.pdf", 1), file("rapport 2.pdf", 2), file("plan; utkast;3.pdf", 3), file("to  mellomrom.pdf", 4), file("rapport 1.pdf", 5)
	uploaded := []attestation.EvidenceRef{one, two, odd, spaced, same}
	for name, c := range map[string]struct {
		cell    string
		found   []attestation.EvidenceRef
		unknown []string
	}{
		"nothing":                  {" \n ;; ", nil, nil},
		"names on one line":        {"rapport 2.pdf; rapport 1.pdf", []attestation.EvidenceRef{two, one}, nil},
		"a semicolon in a name":    {"plan; utkast;3.pdf", []attestation.EvidenceRef{odd}, nil},
		"between others":           {"rapport 1.pdf;plan; utkast;3.pdf;  rapport 2.pdf", []attestation.EvidenceRef{one, odd, two}, nil},
		"as the sheet was made":    {evidenceLine(odd) + "\n" + evidenceLine(spaced), []attestation.EvidenceRef{odd, spaced}, nil},
		"a digest before its name": {"noe annet.pdf SHA256:" + strings.ToUpper(same.Digest.SHA256), []attestation.EvidenceRef{same}, nil},
		"twice":                    {"rapport 1.pdf\n" + one.Digest.SHA256, []attestation.EvidenceRef{one}, nil},
		"a name, then a digest":    {"ukjent.pdf; " + two.Digest.SHA256, []attestation.EvidenceRef{two}, []string{"ukjent.pdf"}},
		"unknown":                  {"ukjent.pdf;" + strings.Repeat("f", 64), nil, []string{"ukjent.pdf", strings.Repeat("f", 64)}},
		"white space":              {"to mellomrom.pdf", []attestation.EvidenceRef{spaced}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, unknown := AnswerReading{Evidence: map[string]string{"K": c.cell}}.Files("K", uploaded)
			if diff := cmp.Diff(c.found, found) + cmp.Diff(c.unknown, unknown); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if found, unknown := (AnswerReading{Evidence: map[string]string{"K": strings.Repeat("x;", 1<<15)}}).Files("K", uploaded); len(found) > 0 || len(unknown) != 1<<15 {
		t.Errorf("of a cell of semicolons: %d found, %d unknown", len(found), len(unknown))
	}
}
