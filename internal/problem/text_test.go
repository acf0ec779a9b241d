package problem_test

import (
	"strings"
	"testing"

	"felleskrav/internal/problem"
)

func TestTexts(t *testing.T) {
	for _, tt := range []struct{ s, line, text string }{
		{"Blåbær & «sky» 😀", "", ""},
		{"=1+1", "", ""},
		{"a\u00ady", "", ""},          // a soft hyphen
		{"👩\u200d💻 و\u200cه", "", ""}, // joiners that scripts and emoji need
		{"a\nb\r\n\tc", "field.control", ""},
		{"a\x00b", "field.control", "field.invisible"},
		{"a\x1b[31m", "field.control", "field.invisible"},
		{"a\x7f", "field.control", "field.invisible"},
		{"a\u0085b", "field.control", "field.invisible"},
		{"fdp\u202etxt.exe", "field.control", "field.invisible"},
		{"a\u2066b", "field.control", "field.invisible"},
		{"a\u2028b", "field.control", "field.invisible"},
		{"\ufeffa", "field.control", "field.invisible"},
		{"a\uffffb", "field.control", "field.invisible"},
		{"a\xff", "field.control", "field.invisible"},
		{"", "field.required", "field.required"},
		{" \u00a0", "field.required", "field.required"},
		{strings.Repeat("å", 40), "", ""},
		{strings.Repeat("å", 41), "field.long", "field.long"},
	} {
		key := func(check func(*problem.Collector)) string {
			var c problem.Collector
			if check(&c); c.Err() == nil {
				return ""
			}
			return c.Err().(*problem.Error).Fields[0].Key
		}
		if got := key(func(c *problem.Collector) { c.Line("x", tt.s, 1, 40) }); got != tt.line {
			t.Errorf("line %q: %q, want %q", tt.s, got, tt.line)
		}
		if got := key(func(c *problem.Collector) { c.Text("x", tt.s, 1, 40) }); got != tt.text {
			t.Errorf("text %q: %q, want %q", tt.s, got, tt.text)
		}
	}
}
