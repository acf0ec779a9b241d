package workbook

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCell is the number of characters a cell can hold (Excel's limit), in
// UTF-16 units; texts are cut well before it.
const maxCell = 32767

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// clean makes a text fit for a cell: control characters (save line breaks)
// and characters that reorder text are dropped, tabs become spaces, and what
// XML cannot hold goes. Cells are always written as strings, so that a text
// beginning with "=", "+", "-" or "@" stays a text.
func clean(s string) string {
	if tidy(s) {
		return s
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = lineBreaks.Replace(s)
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0xfffe, r == 0xffff:
			return -1
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return -1
		case r == 0x2028, r == 0x2029:
			return '\n'
		}
		return r
	}, s)
	if len(s) < maxCell {
		return s
	}
	units := 0
	for i, r := range s {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units+n > maxCell-1 {
			return s[:i] + "…"
		}
		units += n
	}
	return s
}

// tidy reports whether clean would leave s as it is; it may say no too often.
// Nearly every text is tidy, and this is much faster than looking at runes.
func tidy(s string) bool {
	if len(s) >= maxCell {
		return false
	}
	ascii := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < 0x80 {
			if c < 0x20 && c != '\n' || c == 0x7f {
				return false
			}
			continue
		}
		ascii = false
		switch c {
		case 0xc2: // U+0080 to U+00BF
			if i+1 < len(s) && s[i+1] < 0xa0 {
				return false
			}
		case 0xe2: // U+2000 to U+2FFF: marks that reorder text and line separators
			if i+2 < len(s) && (s[i+1] == 0x80 && (s[i+2] == 0x8e || s[i+2] == 0x8f || s[i+2] >= 0xa8 && s[i+2] <= 0xae) || s[i+1] == 0x81 && s[i+2] >= 0xa6 && s[i+2] <= 0xa9) {
				return false
			}
		case 0xef: // U+F000 to U+FFFF
			return false
		}
	}
	return ascii || utf8.ValidString(s)
}

// oneLine is clean without line breaks, for names and titles.
func oneLine(s string) string {
	return strings.Join(strings.Fields(clean(s)), " ")
}

// fingerprint is the SHA-256, in hex, of a text with all runs of white space
// as one space, so that a program that changes line breaks changes nothing.
func fingerprint(s string) string {
	s = clean(s)
	buf := make([]byte, 0, len(s))
	gap := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = true
			continue
		}
		if gap && len(buf) > 0 {
			buf = append(buf, ' ')
		}
		gap = false
		buf = utf8.AppendRune(buf, r)
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}
