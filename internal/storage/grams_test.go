package storage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/storage"
)

func TestGrams(t *testing.T) {
	for text, want := range map[string][]string{
		"":      {},
		"ø":     {"ø"},
		"aø":    {"a", "aø", "ø"},
		"blå b": {" ", " b", "b", "bl", "blå", "l", "lå", "lå ", "å", "å ", "å b"},
		"aaaaa": {"a", "aa", "aaa"},
	} {
		if d := cmp.Diff(want, storage.Grams(text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}

func TestGramsOf(t *testing.T) {
	for _, c := range []struct {
		part string
		most int
		want string
	}{
		{"", 9, ""},
		{"ø", 9, "ø"},
		{"øs", 9, "øs"},
		{"øst", 9, "øst"},
		{"østen", 9, "ste|ten|øst"},
		{"østen", 2, "ten|øst"},
		{"østen", 1, "øst"},
		{"østen", 0, ""},
		{"aaaaaa", 9, "aaa"},
		{"abcdefghi", 3, "abc|def|ghi"},
	} {
		if got := strings.Join(storage.GramsOf(c.part, c.most), "|"); got != c.want {
			t.Errorf("%q, at most %d: %q, want %q", c.part, c.most, got, c.want)
		}
	}
}

// Whatever part of a text is looked for, the text has its grams.
func TestGramsFind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("abø😀 \"*\u0301"))
		text := rapid.SliceOfN(letters, 1, 30).Draw(t, "text")
		from := rapid.IntRange(0, len(text)-1).Draw(t, "from")
		part := string(text[from:rapid.IntRange(from+1, len(text)).Draw(t, "to")])
		all := storage.Grams(string(text))
		grams := storage.GramsOf(part, rapid.IntRange(1, 12).Draw(t, "most"))
		if len(grams) == 0 {
			t.Fatalf("nothing to find %q by", part)
		}
		for _, g := range grams {
			if !slices.Contains(all, g) {
				t.Fatalf("%q has not %q, of %q", string(text), g, part)
			}
		}
	})
}
