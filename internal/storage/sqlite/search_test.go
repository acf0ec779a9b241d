package sqlite

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Suppliers in the order of their slots are in the order of their numbers.
func TestSlots(t *testing.T) {
	letters := rapid.SampledFrom([]rune("0189ABZaz -/:\x00\x7f\u0080\u0081ø中"))
	numbers := rapid.OneOf(rapid.StringMatching(`[0-9]{9}`), rapid.StringMatching(`[A-Z]{2}[0-9A-Z]{2,12}`), rapid.StringOfN(letters, 0, 12, -1))
	rapid.Check(t, func(t *rapid.T) {
		a := numbers.Draw(t, "a")
		b := rapid.OneOf(numbers, rapid.Map(numbers, func(end string) string { return a[:len(a)/2] + end })).Draw(t, "b")
		if a < b && slot(a) > slot(b) || a > b && slot(a) < slot(b) {
			t.Fatalf("%q is in %d and %q in %d", a, slot(a), b, slot(b))
		}
		if slot(a) < 0 {
			t.Fatalf("%q is in %d", a, slot(a))
		}
	})
	for _, pair := range [][2]string{{"910000001", "910000002"}, {"000000000", "999999999"}, {"EE1234567", "EE1234667"}} {
		if slot(pair[0]) >= slot(pair[1]) {
			t.Errorf("%q and %q are in one slot", pair[0], pair[1])
		}
	}
}

// What the index is asked for is words of letters, whatever somebody looks for.
func TestMatchIsQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringN(1, 20, -1).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, "part")
		for word := range strings.SplitSeq(matchPart(part), " AND ") {
			inner := strings.Trim(word, `"`)
			if len(word) != len(inner)+2 || strings.ContainsAny(inner, "\"'*+-^:(){}, \t\n") {
				t.Fatalf("%q asks for %q", part, word)
			}
		}
	})
}
