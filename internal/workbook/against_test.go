package workbook

import (
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
)

func TestAgainstTheDeclaration(t *testing.T) {
	tender := testTender(t, "nb", 6)
	f := openBook(t, writeTender(t, tender))
	want := fill(t, f, tender.Texts)
	got := readTender(t, save(t, f), KnownLines(tender.Lines))
	other := attestation.Met
	if want[1].Status == attestation.Met {
		other = attestation.NotMet
	}
	declared := map[string]attestation.AnswerStatus{want[0].Requirement: want[0].Status, want[1].Requirement: other, "K-UKJENT-99": attestation.Met}
	for _, lang := range locale.Languages() {
		texts := testBundle(t).In(lang)
		reading := got
		reading.Rows = append([]RowReport{}, got.Rows...)
		reading.Against(declared, texts)
		var noted []RowReport
		for _, r := range reading.Rows {
			if r.Key == "workbook.row.contradicts" {
				noted = append(noted, r)
			}
		}
		if len(noted) != 1 || noted[0].Requirement != want[1].Requirement || noted[0].Outcome != OutcomeRead {
			t.Fatalf("%s: noted %+v", lang, noted)
		}
		text := texts.T(noted[0].Key, map[string]any(noted[0].Args))
		for _, word := range []string{texts.T("answer." + string(other)), texts.T("answer." + string(want[1].Status))} {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %q lacks %q", lang, text, word)
			}
		}
	}
}
