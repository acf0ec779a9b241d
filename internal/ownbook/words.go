package ownbook

import (
	"felleskrav/internal/locale"
	"felleskrav/internal/workbook/own"
)

// How much must speak for a match for it to be called that.
const (
	scoreClose = 0.75
	scoreLike  = 0.5
)

// ScoreWord says in a word how much speaks for a match.
func ScoreWord(t *locale.Texts, m own.Match) string {
	switch {
	case Same(m):
		return t.T("own-score.same")
	case m.Score >= scoreClose:
		return t.T("own-score.close")
	case m.Score >= scoreLike:
		return t.T("own-score.like")
	}
	return t.T("own-score.some")
}

// Same reports whether a row has the id or the text of the requirement that is
// suggested for it.
func Same(m own.Match) bool {
	for _, r := range m.Why {
		if r.Kind == own.SameID || r.Kind == own.SameText {
			return true
		}
	}
	return false
}

// ReasonText says what a match rests on.
func ReasonText(t *locale.Texts, r own.Reason) string {
	if r.Kind == own.SimilarText && r.Detail == "" {
		return t.T("own-reason.similar-form")
	}
	return t.T("own-reason."+string(r.Kind), "Detail", r.Detail)
}

// SkipText says why a cell was left as it is, and what to do.
func SkipText(t *locale.Texts, s own.Skip) string {
	args := map[string]any{}
	for k, v := range s.Args {
		args[k] = v
	}
	if m, ok := args["Meaning"].(string); ok {
		args["Meaning"] = t.T("own-meaning." + m)
	}
	return t.T(s.Key, args)
}

// Accept adds to the rows of a table those that have the id or the text of one
// requirement and about which nothing is said, and tells which they are.
// Nothing is saved.
func (v TableView) Accept() map[int]string {
	out := map[int]string{}
	for row, matches := range v.Suggestions {
		if len(matches) == 0 || !Same(matches[0]) || v.Rows[row] != "" {
			continue
		}
		if len(matches) > 1 && Same(matches[1]) {
			continue // two requirements equal it; a person must choose
		}
		out[row] = matches[0].Requirement
	}
	return out
}
