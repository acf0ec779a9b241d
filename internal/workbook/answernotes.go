package workbook

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
)

// AnswerNote tells what a supplier has to do with one answer in a sheet that
// was filled in from answers to another version, and why.
type AnswerNote struct {
	State attestation.CarryState
	// Text is what changed and, where the answer no longer holds, what it was.
	// It may be empty and may have several lines.
	Text string
}

// notedColumns are those of the answer sheet with notes, which stand beside
// the cells to fill in.
var notedColumns = slices.Insert(slices.Clone(answerColumns), 5, column{colNote, 40, false})

var noteLooks = map[attestation.CarryState]look{
	attestation.CarryKept:    {toneGood, "✓"},
	attestation.CarryConfirm: {toneWarn, "!"},
	attestation.CarryAnswer:  {tonePlan, "○"},
}

// note is the cell of a note: the state with its symbol, then the text.
func (b *book) note(n AnswerNote) excelize.Cell {
	look, ok := noteLooks[n.State]
	if !ok {
		return text(b.st.cell, n.Text)
	}
	out := look.symbol + " " + b.t.T("workbook.answer-note."+string(n.State))
	if n.Text != "" {
		out += "\n" + n.Text
	}
	return text(b.st.toneLeft[look.tone], out)
}

// noteLegend explains the notes.
func (b *book) noteLegend(s *sheet) {
	s.section(b.t.T("workbook.answer-note.title"))
	for _, state := range []attestation.CarryState{attestation.CarryKept, attestation.CarryConfirm, attestation.CarryAnswer} {
		look := noteLooks[state]
		s.put(0, text(b.st.toneLeft[look.tone], look.symbol+" "+b.t.T("workbook.answer-note."+string(state))), text(b.st.value, b.t.T("workbook.answer-note-help."+string(state))))
	}
}

// evidenceLine is a piece of evidence on one line: its name, and its digest
// when it has one.
func evidenceLine(e attestation.EvidenceRef) string {
	if e.Digest.SHA256 == "" {
		return oneLine(e.Name)
	}
	return strings.TrimSpace(oneLine(e.Name) + " sha256:" + e.Digest.SHA256)
}
