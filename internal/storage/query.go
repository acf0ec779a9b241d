package storage

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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
