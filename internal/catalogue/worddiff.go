package catalogue

import "strings"

// Piece is a part of a text that is held against another: words that both
// have, or that one of them has.
type Piece struct {
	Op   PieceOp
	Text string
}

// PieceOp tells where a piece stands.
type PieceOp string

// The kinds of piece.
const (
	PieceSame    PieceOp = "same"
	PieceAdded   PieceOp = "added"
	PieceRemoved PieceOp = "removed"
)

// maxDiffWords bounds the work on one text, which grows with the square of it.
// Longer texts are told apart as a whole.
const maxDiffWords = 600

// WordDiff gives the pieces that lead from one text to another, by words: the
// words of a and b in order, where what a alone has comes before what b alone
// has. White space goes with the word before it.
func WordDiff(a, b string) []Piece {
	if a == b {
		if a == "" {
			return nil
		}
		return []Piece{{PieceSame, a}}
	}
	as, bs := splitWords(a), splitWords(b)
	if len(as) > maxDiffWords || len(bs) > maxDiffWords {
		return []Piece{{PieceRemoved, a}, {PieceAdded, b}}
	}
	// longest[i][j] is the length of the longest common run of as[i:] and bs[j:].
	longest := make([][]int, len(as)+1)
	for i := range longest {
		longest[i] = make([]int, len(bs)+1)
	}
	for i := len(as) - 1; i >= 0; i-- {
		for j := len(bs) - 1; j >= 0; j-- {
			if unspaced(as[i]) == unspaced(bs[j]) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var d differ
	i, j := 0, 0
	for i < len(as) && j < len(bs) {
		switch {
		case unspaced(as[i]) == unspaced(bs[j]):
			d.same(bs[j])
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			d.removed.WriteString(as[i])
			i++
		default:
			d.added.WriteString(bs[j])
			j++
		}
	}
	for ; i < len(as); i++ {
		d.removed.WriteString(as[i])
	}
	for ; j < len(bs); j++ {
		d.added.WriteString(bs[j])
	}
	d.flush()
	return d.pieces
}

type differ struct {
	pieces         []Piece
	removed, added strings.Builder
}

func (d *differ) same(word string) {
	d.flush()
	if n := len(d.pieces); n > 0 && d.pieces[n-1].Op == PieceSame {
		d.pieces[n-1].Text += word
		return
	}
	d.pieces = append(d.pieces, Piece{PieceSame, word})
}

func (d *differ) flush() {
	for _, p := range []struct {
		op PieceOp
		b  *strings.Builder
	}{{PieceRemoved, &d.removed}, {PieceAdded, &d.added}} {
		if p.b.Len() > 0 {
			d.pieces = append(d.pieces, Piece{p.op, p.b.String()})
			p.b.Reset()
		}
	}
}

// splitWords splits after each run of spaces.
func splitWords(s string) []string {
	var out []string
	for word := range strings.SplitAfterSeq(s, " ") {
		if strings.TrimSpace(word) == "" && len(out) > 0 {
			out[len(out)-1] += word
		} else if word != "" {
			out = append(out, word)
		}
	}
	return out
}

func unspaced(word string) string { return strings.TrimSpace(word) }
