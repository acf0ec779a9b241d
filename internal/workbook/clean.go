package workbook

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
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

// oneLine is clean without line breaks, for names and titles.
func oneLine(s string) string {
	return strings.Join(strings.Fields(clean(s)), " ")
}

// fingerprint is the SHA-256, in hex, of a text with all runs of white space
// as one space, so that a program that changes line breaks changes nothing.
func fingerprint(s string) string {
	sum := sha256.Sum256([]byte(oneLine(s)))
	return hex.EncodeToString(sum[:])
}
