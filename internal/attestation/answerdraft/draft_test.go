package answerdraft

import (
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
)

func met(words string) attestation.Answer {
	return attestation.Answer{Requirement: "K-A-01", Status: attestation.Met, Statement: words}
}

// Nothing that somebody wrote is lost, whoever saves when.
func TestMerge(t *testing.T) {
	there := Draft{Answers: map[string]Entry{"K-A-01": {Saved: Saved{Answer: met("Karis."), By: "kari", Form: "k"}}}}
	mine := Draft{Answers: map[string]Entry{"K-A-01": {Saved: Saved{Answer: met("Olas."), By: "ola", Form: "o"}}}}
	waiting := Draft{Answers: map[string]Entry{"K-A-01": {Saved: Saved{Answer: met("Karis."), By: "kari", Form: "k"}, Others: []Saved{{Answer: met("Olas."), By: "ola", Form: "o"}}}}}
	for name, tc := range map[string]struct {
		before Draft
		mine   attestation.Answer
		seen   string
		// want is the answer, and after it those that wait for a choice.
		want string
	}{
		"the first to answer":                {Draft{}, met("Olas."), Fingerprint(attestation.Answer{}), "Olas."},
		"untouched":                          {there, met("Før."), Fingerprint(met("Før.")), "Karis."},
		"the same as saved":                  {there, met("Karis.\r\n"), Fingerprint(met("Før.")), "Karis."},
		"typed over what is saved":           {there, met("Olas."), Fingerprint(met("Karis.")), "Olas."},
		"typed over what was there before":   {there, met("Olas."), Fingerprint(met("Før.")), "Karis. Olas."},
		"typed on in the same form":          {mine, met("Olas mer."), Fingerprint(met("Før.")), "Olas mer."},
		"taken away":                         {there, attestation.Answer{Requirement: "K-A-01"}, Fingerprint(met("Karis.")), ""},
		"a file over another's answer":       {there, met("Olas."), "", "Karis. Olas."},
		"typed on where one waits":           {waiting, met("Olas nye."), Fingerprint(met("Før.")), "Karis. Olas nye."},
		"agreed in the end":                  {waiting, met("Karis."), Fingerprint(met("Før.")), "Karis."},
		"another changes what is saved":      {waiting, met("Karis nye."), Fingerprint(met("Karis.")), "Karis nye. Olas."},
		"a third who saw none of the others": {waiting, met("Peders."), Fingerprint(met("Før.")), "Karis. Olas. Peders."},
	} {
		as := Saved{By: "ola", Form: "o"}
		if strings.HasPrefix(tc.mine.Statement, "Peders") {
			as = Saved{By: "peder", Form: "p"}
		}
		before := tc.before.Answers["K-A-01"]
		got, conflicts := tc.before.merge([]Change{{Answer: tc.mine, Seen: tc.seen}}, as)
		e := got.Answers["K-A-01"]
		words := []string{e.Answer.Statement}
		for _, o := range e.Others {
			words = append(words, o.Answer.Statement)
		}
		if all := strings.Join(words, " "); all != tc.want {
			t.Errorf("%s: %q, want %q", name, all, tc.want)
		}
		grown := len(e.Others) > len(before.Others) || len(e.Others) > 0 && !slices.EqualFunc(e.Others, before.Others, func(a, b Saved) bool { return a.Answer.Statement == b.Answer.Statement })
		if (len(conflicts) > 0) != grown {
			t.Errorf("%s: told of %q", name, conflicts)
		}
		if len(before.Others) != len(tc.before.Answers["K-A-01"].Others) {
			t.Errorf("%s: the draft before was changed", name)
		}
	}
	// One's own file takes the place of one's own answer.
	got, conflicts := there.merge([]Change{{Answer: met("Nytt.")}}, Saved{By: "kari", Form: "x"})
	if got.Answers["K-A-01"].Answer.Statement != "Nytt." || conflicts != nil {
		t.Errorf("%+v %q", got, conflicts)
	}
}

// A draft is bounded.
func TestValidate(t *testing.T) {
	draft := func(e Entry) Draft { return Draft{Answers: map[string]Entry{"K-A-01": e}} }
	whole := attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: strings.Repeat("0", 64)}}
	many := Entry{}
	for range maxOthers + 1 {
		many.Others = append(many.Others, Saved{Answer: met("x")})
	}
	large := Draft{Answers: map[string]Entry{}}
	for i := range maxText/maxStatement + 1 {
		id := "K-" + strings.Repeat("A", 1+i/26) + string(rune('A'+i%26))
		large.Answers[id] = Entry{Saved: Saved{Answer: met(strings.Repeat("x", maxStatement))}}
	}
	for name, d := range map[string]Draft{
		"statement": draft(Entry{Saved: Saved{Answer: met(strings.Repeat("x", maxStatement+1))}}),
		"status":    draft(Entry{Saved: Saved{Answer: attestation.Answer{Status: "maybe"}}}),
		"others":    draft(many),
		"form":      draft(Entry{Saved: Saved{Form: strings.Repeat("x", maxWord+1)}}),
		"no form":   draft(Entry{Saved: Saved{Form: "\xff"}}),
		"digest":    draft(Entry{Saved: Saved{Answer: attestation.Answer{Evidence: []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: "\xff"}}}}}}),
		"evidence":  draft(Entry{Saved: Saved{Answer: attestation.Answer{Evidence: slices.Repeat([]attestation.EvidenceRef{whole}, maxEvidence+1)}}}),
		"date":      {ValidUntil: strings.Repeat("1", maxWord+1)},
		"size":      large,
	} {
		if d.Validate() == nil {
			t.Errorf("%s: no limit", name)
		}
	}
	if err := draft(Entry{Saved: Saved{Answer: attestation.Answer{Statement: "Bare påbegynt.", Evidence: []attestation.EvidenceRef{whole}}}}).Validate(); err != nil {
		t.Errorf("an unfinished answer: %v", err)
	}
}

// What a form sent first may come last: it does not take the place of what was
// typed after it, wherever that stands.
func TestMergeInTurn(t *testing.T) {
	nothing := Fingerprint(attestation.Answer{})
	late := Saved{By: "ola", Form: "o", Turn: 1}
	for name, before := range map[string]Entry{
		"saved":              {Saved: Saved{Answer: met("Alt."), By: "ola", Form: "o", Turn: 2}},
		"waits for a choice": {Saved: Saved{Answer: met("Karis."), By: "kari", Form: "k"}, Others: []Saved{{Answer: met("Alt."), By: "ola", Form: "o", Turn: 2}}},
	} {
		got, conflicts := Draft{Answers: map[string]Entry{"K-A-01": before}}.merge([]Change{{Answer: met("Al"), Seen: nothing}}, late)
		if e := got.Answers["K-A-01"]; len(conflicts) > 0 || e.Answer.Statement != before.Answer.Statement || len(e.Others) != len(before.Others) || len(e.Others) > 0 && e.Others[0].Answer.Statement != "Alt." {
			t.Errorf("%s: now %+v, told of %q", name, e, conflicts)
		}
	}
	sent := Draft{Answers: map[string]Entry{"K-A-01": {Saved: Saved{Answer: met("Alt."), By: "ola", Form: "o", Turn: 2}}}}
	for name, as := range map[string]Saved{
		"the next":     {By: "ola", Form: "o", Turn: 3},
		"without turn": {By: "ola", Form: "o"},
	} {
		got, conflicts := sent.merge([]Change{{Answer: met("Alt og mer."), Seen: nothing}}, as)
		if e := got.Answers["K-A-01"]; len(conflicts) > 0 || len(e.Others) > 0 || e.Answer.Statement != "Alt og mer." {
			t.Errorf("%s: now %+v, told of %q", name, e, conflicts)
		}
	}
	got, conflicts := sent.merge([]Change{{Answer: met("Karis."), Seen: nothing}}, Saved{By: "kari", Form: "o", Turn: 1})
	if len(conflicts) != 1 || len(got.Answers["K-A-01"].Others) != 1 {
		t.Errorf("somebody else's is lost: %+v", got.Answers["K-A-01"])
	}
}
