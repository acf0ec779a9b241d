package supplier

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Named is a supplier with as little of it as a search needs.
type Named struct {
	Number organisation.Number
	// Name is folded: in small letters.
	Name string
}

// Pieces are two parts of a word that was searched for, of which a word with
// one mistake in it still has one.
type Pieces [2]string

const (
	maxQuery = 100
	// maxWords is how many words of a query the store looks for pieces of, the
	// longest ones, and maxCandidates how many names it finds by them.
	maxWords      = 3
	maxCandidates = 2000
	// shortWord is the longest word that must be spelt right: there is too little
	// left of it when it is not.
	shortWord = 4
)

// Search lists suppliers by name, by number, or by the name of an offering; by
// number, after a number.
func (s *Service) Search(ctx context.Context, actor access.Actor, query string, after organisation.Number, limit int) ([]Supplier, error) {
	if err := access.Check(actor, access.ReadSupplier, ""); err != nil {
		return nil, err
	}
	query, isNumber, err := readQuery(query)
	if err != nil {
		return nil, err
	}
	if isNumber {
		return s.numbered(ctx, organisation.Number(query), after, limit)
	}
	found, err := s.Store.SearchSuppliers(ctx, query, after, limit)
	if err != nil {
		return nil, wrap("search suppliers", err)
	}
	if query == "" || limit < 1 {
		return found, nil
	}
	offering, err := s.Store.SuppliersOffering(ctx, query, after, limit)
	if err != nil {
		return nil, wrap("search offerings", err)
	}
	offering = slices.DeleteFunc(offering, func(n organisation.Number) bool {
		return slices.ContainsFunc(found, func(f Supplier) bool { return f.Number == n })
	})
	if len(offering) == 0 {
		return found, nil
	}
	more, err := s.Store.SuppliersByNumber(ctx, offering)
	if err != nil {
		return nil, wrap("read suppliers", err)
	}
	found = append(found, more...)
	slices.SortFunc(found, func(a, b Supplier) int { return cmp.Compare(a.Number, b.Number) })
	return found[:min(len(found), limit)], nil
}

// numbered is the search for a whole number, which need not go through any
// names.
func (s *Service) numbered(ctx context.Context, n, after organisation.Number, limit int) ([]Supplier, error) {
	if n <= after || limit < 1 {
		return []Supplier{}, nil
	}
	found, err := s.Store.SuppliersByNumber(ctx, []organisation.Number{n})
	return found, wrap("read supplier", err)
}

// readQuery tidies what somebody searches for. A number may be written as
// people write it, also a part of one.
func readQuery(query string) (text string, number bool, err error) {
	query = strings.TrimSpace(query)
	if utf8.RuneCountInString(query) > maxQuery || !utf8.ValidString(query) {
		return "", false, problem.New(problem.Invalid, "supplier.query", problem.Args{"Max": maxQuery})
	}
	if n, err := organisation.ParseIdentifier(query); err == nil {
		return string(n), true, nil
	}
	digits := strings.Join(strings.FieldsFunc(query, func(r rune) bool { return unicode.IsSpace(r) || r == '.' }), "")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		return digits, false, nil
	}
	return query, false, nil
}

// Near lists suppliers whose name is nearly what was searched for, the nearest
// first: each word of the query is the beginning of a word of the name, give or
// take one mistake. It is for a search that found nothing.
func (s *Service) Near(ctx context.Context, actor access.Actor, query string, limit int) ([]Supplier, error) {
	if err := access.Check(actor, access.ReadSupplier, ""); err != nil {
		return nil, err
	}
	query, isNumber, err := readQuery(query)
	if err != nil || isNumber {
		return nil, err
	}
	words := wordsOf(query)
	pieces := piecesOf(words)
	if len(pieces) == 0 {
		return nil, nil
	}
	candidates, err := s.Store.SuppliersLike(ctx, pieces, maxCandidates)
	if err != nil {
		return nil, wrap("search suppliers", err)
	}
	type hit struct {
		Named
		mistakes int
	}
	var hits []hit
	for _, c := range candidates {
		if n, ok := mistakes(words, wordsOf(c.Name)); ok {
			hits = append(hits, hit{c, n})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.mistakes, b.mistakes), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Number, b.Number))
	})
	hits = hits[:min(len(hits), max(limit, 0))]
	numbers := make([]organisation.Number, len(hits))
	for i, h := range hits {
		numbers[i] = h.Number
	}
	found, err := s.Store.SuppliersByNumber(ctx, numbers)
	if err != nil {
		return nil, wrap("read suppliers", err)
	}
	slices.SortFunc(found, func(a, b Supplier) int {
		return cmp.Compare(slices.Index(numbers, a.Number), slices.Index(numbers, b.Number))
	})
	return found, nil
}

// wordsOf gives the words of a text in small letters.
func wordsOf(text string) []string {
	return strings.FieldsFunc(norm.NFC.String(strings.ToLower(norm.NFC.String(text))), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// piecesOf gives the pieces of the longest words. A mistake in the first half of
// a word leaves the second whole, and the other way round; the letter between
// them belongs to none, so that two letters that changed places there harm
// only one half.
func piecesOf(words []string) []Pieces {
	words = slices.Clone(words)
	slices.SortStableFunc(words, func(a, b string) int {
		return cmp.Compare(utf8.RuneCountInString(b), utf8.RuneCountInString(a))
	})
	var out []Pieces
	for _, w := range words[:min(len(words), maxWords)] {
		r := []rune(w)
		if len(r) <= shortWord {
			out = append(out, Pieces{w, w})
			continue
		}
		half := len(r) / 2
		out = append(out, Pieces{string(r[:half]), string(r[half+1:])})
	}
	return out
}

// mistakes counts what is wrong in the words of a query, if each is near to the
// beginning of a word of the name.
func mistakes(query, name []string) (int, bool) {
	total := 0
	for _, q := range query {
		best := 2
		for _, w := range name {
			best = min(best, apart([]rune(q), []rune(w)))
		}
		if best > 1 {
			return 0, false
		}
		total += best
	}
	return total, true
}

// apart tells whether a word is the beginning of another (0), with one letter
// missing, added, other or changed places with the next (1), or neither (2).
func apart(q, w []rune) int {
	same := 0
	for same < len(q) && same < len(w) && q[same] == w[same] {
		same++
	}
	if same == len(q) {
		return 0
	}
	if len(q) <= shortWord {
		return 2
	}
	begins := func(rest, of []rune) bool { return len(rest) <= len(of) && slices.Equal(rest, of[:len(rest)]) }
	q, w = q[same:], w[same:]
	switch {
	case begins(q[1:], w): // one letter too many
	case len(w) == 0:
		return 2
	case begins(q[1:], w[1:]): // another letter
	case begins(q, w[1:]): // a letter is missing
	case len(q) > 1 && len(w) > 1 && q[0] == w[1] && q[1] == w[0] && begins(q[2:], w[2:]):
	default:
		return 2
	}
	return 1
}
