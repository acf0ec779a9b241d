package workbook

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "=1+1", "a\tb": "a b", "a\r\nb\rc": "a\nb\nc", "a\x00\x1b\x7f\u0085b": "ab", "«æøå» – “x” •": "«æøå» – “x” •",
		"abc\u202edef\u2066\u200f\ufeff": "abcdef", "a\u2028b": "a\nb", "\xff\xfe": "\uFFFD", "\uffff": "",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("😀", maxCell)); len([]rune(got)) > maxCell/2+1 || !strings.HasSuffix(got, "…") {
		t.Errorf("a long text keeps %d characters", len([]rune(got)))
	}
}

// What tidy lets through, the slow way would not have changed.
func TestTidyAgreesWithClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s") + string(rapid.SliceOfN(rapid.Rune(), 0, 5).Draw(t, "r")) + string(rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "b"))
		got := clean(s)
		if !utf8.ValidString(got) || clean(got) != got {
			t.Fatalf("clean(%q) = %q is not clean", s, got)
		}
		for _, r := range got {
			if r < 0x20 && r != '\n' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r == 0x2028 {
				t.Fatalf("clean(%q) keeps %U", s, r)
			}
		}
	})
}

func TestLines(t *testing.T) {
	if n := lines("kort", 20, false); n != 1 {
		t.Errorf("a short text takes %d lines", n)
	}
	if n := lines("", 20, false); n != 1 {
		t.Errorf("an empty text takes %d lines", n)
	}
	if n := lines("en\nto\n\nfire", 20, false); n != 4 {
		t.Errorf("four lines take %d", n)
	}
	if n := lines(strings.Repeat("x", 500), 20, false); n < 20 {
		t.Errorf("a long word takes %d lines", n)
	}
	if a, b := lines(samples[1].text.NB, 40, false), lines(samples[1].text.NB, 40, true); b < a {
		t.Errorf("bold takes %d lines, plain %d", b, a)
	}
}
