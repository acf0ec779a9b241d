package workbook

import (
	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// Against notes, in the rows that were read, each answer that is another than
// the bidder has signed in a declaration. declared holds the signed answers by
// requirement. The answers are read all the same: which of the two holds, the
// buyer must ask.
func (r *Reading) Against(declared map[string]attestation.AnswerStatus, t *locale.Texts) {
	bid := map[string]attestation.AnswerStatus{}
	for _, a := range r.Answers {
		bid[a.Requirement] = a.Status
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		signed := declared[row.Requirement]
		if row.Outcome != OutcomeRead || signed == "" || signed == bid[row.Requirement] {
			continue
		}
		row.Key = "workbook.row.contradicts"
		row.Args = problem.Args{"Answer": t.T("answer." + string(bid[row.Requirement])), "Declared": t.T("answer." + string(signed))}
	}
}
