package workbook

import (
	"slices"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// Every value people can meet has a word in every language.
func TestEveryValueHasAWord(t *testing.T) {
	keys := []string{
		"answer.none", "kind.requirement", "kind.qualification", "kind.contract-term", "suggested.absolute", "suggested.evaluated", "type.A", "type.B",
		"carrier.agency", "carrier.shared", "carrier.supplier", "origin.task", "origin.information", "level.1", "level.2", "level.3", "level.4",
	}
	for _, a := range attestation.AnswerStatuses() {
		keys = append(keys, "answer."+string(a), "workbook.answer-help."+string(a))
	}
	for _, o := range status.Overalls() {
		keys = append(keys, "status."+string(o))
	}
	for _, a := range []status.Assurance{status.Declared, status.Documented, status.Reviewed, status.Certified} {
		keys = append(keys, "assurance."+string(a))
	}
	for _, l := range []status.Lifecycle{status.LifeActive, status.LifeSuperseded, status.LifeExpired, status.LifeWithdrawn, status.LifeRevoked} {
		keys = append(keys, "lifecycle."+string(l))
	}
	for _, d := range catalogue.Dimensions() {
		keys = append(keys, "dimension."+string(d))
	}
	for _, m := range catalogue.DeliveryModels() {
		keys = append(keys, "model."+string(m))
	}
	for _, e := range catalogue.EvidenceKinds() {
		keys = append(keys, "evidence-kind."+string(e))
	}
	for _, c := range []catalogue.ChangeKind{catalogue.ChangeAdded, catalogue.ChangeRemoved, catalogue.ChangeUnchanged, catalogue.ChangeReworded, catalogue.ChangeSubstance} {
		keys = append(keys, "change."+string(c))
	}
	for _, s := range []procurement.Source{procurement.FromResponse, procurement.FromDeclaration, procurement.FromNothing} {
		keys = append(keys, "answer-source."+string(s))
	}
	for _, l := range []procurement.Lasts{procurement.LastsOut, procurement.LastsShort, procurement.LastsNot} {
		keys = append(keys, "lasts."+string(l))
	}
	for _, o := range []Outcome{OutcomeRead, OutcomeEmpty, OutcomeRefused, OutcomeAltered, OutcomeUnknown, OutcomeLeftOut, OutcomeMissing} {
		keys = append(keys, "workbook.outcome."+string(o))
	}
	for _, v := range Verdicts() {
		keys = append(keys, "workbook.verdict."+string(v))
	}
	for _, c := range []string{CheckSealed, CheckService, CheckCells, CheckReleased, CheckLogged, CheckAnswers} {
		keys = append(keys, "workbook.check."+c)
	}
	for _, r := range []CheckResult{Holds, Fails, Unchecked} {
		keys = append(keys, "workbook.result."+string(r))
	}
	for _, c := range Classes() {
		for _, f := range []Finding{{Class: c, Was: "x", WasKnown: true, Now: "x"}, {Class: c, WasKnown: true, Now: "x"}, {Class: c, Was: "x", WasKnown: true}, {Class: c, Now: "x"}, {Class: c}} {
			keys = append(keys, f.Key())
		}
	}
	for _, l := range []status.Lifecycle{status.LifeSuperseded, status.LifeExpired, status.LifeWithdrawn, status.LifeRevoked} {
		keys = append(keys, "workbook.news."+string(l))
	}
	b := testBundle(t)
	for _, lang := range locale.Languages() {
		for _, k := range keys {
			if !b.In(lang).Has(k) {
				t.Errorf("%s has no text for %s", lang, k)
			}
		}
		if !slices.Equal(b.Keys(lang), b.Keys(locale.Default)) {
			t.Errorf("%s has other keys than %s", lang, locale.Default)
		}
	}
}

// Every answer and status has a look of its own word and symbol.
func TestEveryAnswerAndStatusHasALook(t *testing.T) {
	symbols := map[string]bool{}
	for _, a := range append(attestation.AnswerStatuses(), "") {
		l, ok := answerLooks[a]
		if !ok || l.symbol == "" || symbols[l.symbol] {
			t.Errorf("answer %q shows as %+v", a, l)
		}
		symbols[l.symbol] = true
	}
	for _, o := range status.Overalls() {
		if l, ok := statusLooks[o]; !ok || l.symbol == "" {
			t.Errorf("status %q shows as %+v", o, l)
		}
	}
}

// The drop-down must fit the 255 characters the format allows, and no word
// may hold the comma that separates them or the quote that ends them.
func TestDropDownFits(t *testing.T) {
	b := testBundle(t)
	for _, lang := range locale.Languages() {
		n := 0
		for _, a := range attestation.AnswerStatuses() {
			w := b.In(lang).T("answer." + string(a))
			n += len(w) + 1
			if slices.ContainsFunc([]rune(w), func(r rune) bool { return r == ',' || r == '"' }) {
				t.Errorf("%s: %q cannot stand in a drop-down", lang, w)
			}
		}
		if n > 255 {
			t.Errorf("%s: %d characters", lang, n)
		}
	}
}
