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
	plain := true
	for i := 0; i < len(s); i++ {
		switch byteClass[s[i]] {
		case byteFine:
		case byteBad:
			return false
		case byteOther:
			plain = false
		case byteLook:
			if !looked(s[i:]) {
				return false
			}
			plain = false
		}
	}
	return plain || utf8.ValidString(s)
}

// The classes of bytes: those that can stand, those that cannot, those that
// are part of a longer character and those that may begin one that cannot
// stand.
const (
	byteFine = iota
	byteBad
	byteOther
	byteLook
)

var byteClass = func() (out [256]uint8) {
	for c := range out {
		switch {
		case c < 0x20 && c != '\n', c == 0x7f, c == 0xef: // 0xef: U+F000 to U+FFFF
			out[c] = byteBad
		case c == 0xc2, c == 0xe2:
			out[c] = byteLook
		case c >= 0x80:
			out[c] = byteOther
		}
	}
	return out
}()

// looked reports whether a text that begins with 0xc2 or 0xe2 begins with a
// character that can stand.
func looked(s string) bool {
	if s[0] == 0xc2 { // U+0080 to U+00BF
		return len(s) < 2 || s[1] >= 0xa0
	}
	// U+2000 to U+2FFF: marks that reorder text and line separators
	return len(s) < 3 || !(s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || s[2] >= 0xa8 && s[2] <= 0xae) || s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
}

// oneLine is clean without line breaks, for names and titles.
func oneLine(s string) string {
	return strings.Join(strings.Fields(clean(s)), " ")
}

// fingerprint is the SHA-256, in hex, of a text with all runs of white space
// as one space, so that a program that changes line breaks changes nothing.
func fingerprint(s string) string {
	sum := sha256.Sum256([]byte(foldSpace(s)))
	return hex.EncodeToString(sum[:])
}

// foldSpace is clean with all runs of white space as one space, and none at
// the ends.
func foldSpace(s string) string {
	s = clean(s)
	buf := make([]byte, 0, len(s))
	for len(s) > 0 {
		word, rest := cutSpace(s)
		if word != "" {
			if len(buf) > 0 {
				buf = append(buf, ' ')
			}
			buf = append(buf, word...)
		}
		s = rest
	}
	return string(buf)
}

// cutSpace cuts a text around its first white space.
func cutSpace(s string) (before, after string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ', c == '\n', c == '\t':
			return s[:i], s[i+1:]
		case c == 0xc2, c >= 0xe1 && c <= 0xe3: // the spaces that are longer begin so
			if r, n := utf8.DecodeRuneInString(s[i:]); unicode.IsSpace(r) {
				return s[:i], s[i+n:]
			}
		}
	}
	return s, ""
}
