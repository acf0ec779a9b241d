package content

import (
	"io"
	"unicode/utf8"
)

// checkText holds that all of it is UTF-8 with nothing but what text has:
// letters, signs, line breaks and tabs. Other encodings are refused, since
// what reads them has to guess.
func checkText(r io.ReaderAt, size int64) error {
	buf, kept := make([]byte, chunk), 0
	for at := int64(0); at < size; {
		n := int(min(int64(len(buf)-kept), size-at))
		if err := readFull(r, buf[kept:kept+n], at); err != nil {
			return err
		}
		at += int64(n)
		b := buf[:kept+n]
		for len(b) > 0 {
			if at < size && !utf8.FullRune(b) {
				break // the rest of the letter comes with the next piece
			}
			c, n := utf8.DecodeRune(b)
			switch {
			case c == utf8.RuneError && n == 1:
				return refuse(NotText, "no UTF-8 before %d", at)
			case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f', c == 0x7f:
				return refuse(NotText, "%U before %d", c, at)
			}
			b = b[n:]
		}
		kept = copy(buf, b)
	}
	return nil
}
