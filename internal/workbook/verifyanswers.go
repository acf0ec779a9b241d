package workbook

import (
	"slices"
	"strings"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
)

// roles are the columns of a sealed sheet by what they are for, from 0, found
// by its headings.
func (v *verifying) roles(sheet int) map[string]int {
	if known, ok := v.rolesOf[sheet]; ok {
		return known
	}
	out := map[string]int{}
	v.rolesOf[sheet] = out
	s := v.seal.Sheets[sheet]
	i := slices.IndexFunc(s.Rows, func(r sealRow) bool { return r.Row == s.Header })
	if i < 0 || s.Header == 0 {
		return out
	}
	for c, place := range s.Rows[i].Cells {
		text, _ := v.seal.text(place)
		for _, role := range v.words.columns[fold(text)] {
			if _, taken := out[role]; !taken {
				out[role] = c
			}
		}
	}
	return out
}

// checkAnswers holds the answers in cells against what suppliers signed: those
// that the service filled in for a bidder, and those it compared.
func (v *verifying) checkAnswers() {
	compared, wrong := 0, 0
	for i, l := range v.layouts {
		if l == nil {
			continue
		}
		roles := v.roles(i)
		id, ok := roles[colID]
		if !ok {
			continue
		}
		_, met := roles[colMet]
		for r, row := range l.rows {
			s := v.seal.Sheets[i]
			if s.Rows[r].Row <= s.Header || row < 0 || id >= len(s.Rows[r].Cells) {
				continue
			}
			requirement, _ := v.seal.text(s.Rows[r].Cells[id])
			if requirement == "" {
				continue
			}
			var n, bad int
			if met {
				n, bad = v.answerRow(i, r, roles, requirement)
			} else {
				n, bad = v.comparedRow(i, r, requirement)
			}
			compared, wrong = compared+n, wrong+bad
		}
	}
	left := slices.ContainsFunc(v.seal.Declarations, func(d sealDeclaration) bool { return d.Relied && !d.Bundle })
	switch {
	case wrong > 0:
		v.check(CheckAnswers, Fails, "answers-other", map[string]any{"Count": wrong})
	case compared > 0 && v.trust.Log == nil:
		v.check(CheckAnswers, Unchecked, "answers-unlogged", nil)
	case left:
		v.check(CheckAnswers, Unchecked, "answers-missing", nil)
	case compared > 0:
		v.check(CheckAnswers, Holds, "", nil)
	}
}

// answerRow goes through the cells of a row that bidders fill in. It returns
// how many answers were held against a signed one, and how many of those that
// the service filled in are others.
func (v *verifying) answerRow(sheet, r int, roles map[string]int, requirement string) (compared, wrong int) {
	l := v.layouts[sheet]
	row, cells := l.rows[r], v.seal.Sheets[sheet].Rows[r].Cells
	cols := l.rowCols(r, row)
	met := -1
	if c, ok := roles[colMet]; ok && c < len(cells) && cells[c] < 0 {
		met = c
	}
	var signed attestation.Answer
	isSigned := false
	if v.seal.Bidder != "" && met >= 0 && cells[met] < -1 {
		signed, isSigned = v.declared[v.seal.Bidder][requirement]
	}
	for c, want := range cells {
		if want >= 0 || cols[c] < 0 {
			continue
		}
		now := l.now.cell(row, cols[c])
		was, wasKnown := v.seal.text(want)
		same := l.now.is(row, cols[c], -1-want)
		if isSigned && (c == met || roles[colAnswer] == c) {
			is, text := v.says(signed, c == met)
			compared += b2i(c == met)
			if !is(was) && wasKnown && want < -1 { // the service itself wrote another answer
				f := v.finding(ClassNotSigned, sheet, r, c)
				f.Cell, f.Was, f.WasKnown, f.Now = at(cols[c]+1, row+1), text, true, was
				v.find(f)
				wrong++
				if same {
					continue
				}
			}
			same, was, wasKnown = is(now), text, true
		}
		if same {
			continue
		}
		f := v.finding(ClassDeviates, sheet, r, c)
		f.Cell, f.Was, f.WasKnown, f.Now = at(cols[c]+1, row+1), was, wasKnown, now
		if want == -1 && was == "" {
			f.Class = ClassFilled
			v.out.Filled++
		}
		v.find(f)
	}
	return compared, wrong
}

// says gives how to tell that a cell says what was signed, and the words for
// that: the answer, or its explanation.
func (v *verifying) says(a attestation.Answer, status bool) (is func(string) bool, text string) {
	if !status {
		want := foldSpace(a.Statement)
		return func(s string) bool { return foldSpace(s) == want }, a.Statement
	}
	return func(s string) bool {
		got, ok := v.words.answer(s)
		return ok && got == a.Status
	}, v.texts.In(v.seal.Language).T("answer." + string(a.Status))
}

// comparedRow holds a row of the comparison against what bidders signed. What
// is from a bid and not from a declaration is left alone.
func (v *verifying) comparedRow(sheet, r int, requirement string) (compared, wrong int) {
	l := v.layouts[sheet]
	row, cells := l.rows[r], v.seal.Sheets[sheet].Rows[r].Cells
	cols := l.rowCols(r, row)
	t := v.texts.In(v.seal.Language)
	from := foldSpace(t.T("answer-source.declaration"))
	for c, want := range cells {
		if cols[c] < 0 || want <= 0 || !l.now.is(row, cols[c], want) {
			continue // when it differs, that has been told
		}
		now := foldSpace(l.now.cell(row, cols[c]))
		if !strings.Contains(now, from) {
			continue
		}
		bidder, ok := v.bidder(sheet, c)
		if !ok {
			continue
		}
		signed, ok := v.declared[bidder][requirement]
		if !ok {
			continue
		}
		says, ok := answerIn(now, t)
		if !ok {
			continue
		}
		compared++
		if says == signed.Status {
			continue
		}
		wrong++
		f := v.finding(ClassNotSigned, sheet, r, c)
		f.Cell, f.Was, f.WasKnown, f.Now = at(cols[c]+1, row+1), t.T("answer."+string(signed.Status)), true, t.T("answer."+string(says))
		v.find(f)
	}
	return compared, wrong
}

// bidder is whose column of a comparison it is: bidders stand in the order of
// the seal, and more than one may have a name.
func (v *verifying) bidder(sheet, col int) (string, bool) {
	name, _ := v.heading(sheet, col)
	if name == "" {
		return "", false
	}
	before := 0
	for c := range col {
		if other, _ := v.heading(sheet, c); other == name {
			before++
		}
	}
	for _, b := range v.seal.Bidders {
		if foldSpace(b.Name) != name {
			continue
		}
		if before == 0 {
			return b.Supplier, true
		}
		before--
	}
	return "", false
}

// answerIn reads the answer that a cell of the comparison begins with, after
// its symbol.
func answerIn(cell string, t *locale.Texts) (attestation.AnswerStatus, bool) {
	best, length := attestation.AnswerStatus(""), 0
	for _, a := range attestation.AnswerStatuses() {
		start := answerLooks[a].symbol + " " + foldSpace(t.T("answer."+string(a)))
		if len(start) > length && strings.HasPrefix(cell, start) {
			best, length = a, len(start)
		}
	}
	return best, length > 0
}
