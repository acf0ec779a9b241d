package storage

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"felleskrav/internal/supplier"
)

// Fold gives the form in which text is searched: lower case in every script,
// and one form for letters that can be written in two (å, and a with a ring).
func Fold(s string) string { return norm.NFC.String(strings.ToLower(norm.NFC.String(s))) }

// Query gives the form in which a query is looked for in folded text. ok is
// false for what no text can hold: such a query has no hits.
func Query(s string) (folded string, ok bool) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "", false
	}
	return Fold(s), true
}

// longestName is more bytes than any name has that is searched for; some
// databases take no longer pattern.
const longestName = 4096

// NameQuery is Query for part of a name, which is neither nothing nor longer
// than a name.
func NameQuery(s string) (folded string, ok bool) {
	folded, ok = Query(s)
	return folded, ok && folded != "" && len(folded) <= longestName
}

// PieceArgs gives pieces of words in the form in which they are looked for in
// folded text: as many as every backend asks for, some of them more than once.
// ok is false when there is nothing to look for.
func PieceArgs(words []supplier.Pieces) (args [3]supplier.Pieces, ok bool) {
	if len(words) == 0 {
		return args, false
	}
	for i := range args {
		for j, piece := range words[min(i, len(words)-1)] {
			if args[i][j], ok = NameQuery(piece); !ok {
				return args, false
			}
		}
	}
	return args, true
}

// Unique gives the values in order, each once.
func Unique[T comparable](values []T) []T {
	seen := make(map[T]bool, len(values))
	all := make([]T, 0, len(values))
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	return all
}
