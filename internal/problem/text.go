package problem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line notes a problem unless s is one line of min to max characters that
// shows as what it is.
func (c *Collector) Line(path, s string, min, max int) {
	if !Shows(s) || strings.ContainsAny(s, "\r\n\t") {
		c.Add(path, "field.control", nil)
		return
	}
	c.length(path, s, min, max)
}

// Text is Line for a text that may have line breaks and tabs.
func (c *Collector) Text(path, s string, min, max int) {
	if !Shows(s) {
		c.Add(path, "field.invisible", nil)
		return
	}
	c.length(path, s, min, max)
}

func (c *Collector) length(path, s string, min, max int) {
	switch {
	case min > 0 && (strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) < min):
		c.Add(path, "field.required", nil)
	case utf8.RuneCountInString(s) > max:
		c.Add(path, "field.long", Args{"Max": max})
	}
}

// Shows reports whether s is text that a reader sees as it is: valid UTF-8
// with no control characters save tabs and line breaks, and none that turn the
// order of what is shown around (Unicode Technical Report 36 §3.2).
func Shows(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return false
		case r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return true // separators, embeddings and overrides, isolates, byte order mark
		}
		return unicode.IsControl(r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
	})
}
