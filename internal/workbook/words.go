package workbook

import (
	"strings"
	"unicode"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
)

// vocabulary turns words people write into values, whatever language.
type vocabulary struct {
	answers map[string]attestation.AnswerStatus
	columns map[string][]string // header text → roles
	kinds   map[string]string
}

func newVocabulary(b *locale.Bundle) vocabulary {
	v := vocabulary{answers: map[string]attestation.AnswerStatus{}, columns: map[string][]string{}, kinds: map[string]string{}}
	for _, a := range attestation.AnswerStatuses() {
		v.answers[fold(string(a))] = a
		for _, lang := range locale.Languages() {
			v.answers[fold(b.In(lang).T("answer."+string(a)))] = a
		}
	}
	for word, a := range map[string]attestation.AnswerStatus{
		"ja": attestation.Met, "j": attestation.Met, "yes": attestation.Met, "y": attestation.Met,
		"nei": attestation.NotMet, "n": attestation.NotMet, "no": attestation.NotMet,
		"delvis": attestation.Partial, "d": attestation.Partial, "partly": attestation.Partial, "partially": attestation.Partial, "partially met": attestation.Partial,
		"alternativ": attestation.Alternative, "n/a": attestation.NotApplicable,
	} {
		v.answers[word] = a
	}
	for _, lang := range locale.Languages() {
		t := b.In(lang)
		for _, role := range allColumns {
			h := fold(t.T("workbook.column." + role))
			v.columns[h] = append(v.columns[h], role)
		}
	}
	return v
}

// answer reads an answer word; ok is false when it is none of them.
func (v vocabulary) answer(word string) (attestation.AnswerStatus, bool) {
	a, ok := v.answers[fold(word)]
	return a, ok
}

// fold makes words comparable: lower case, single spaces, no signs before or
// after.
func fold(s string) string {
	s = strings.ToLower(oneLine(s))
	return strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
