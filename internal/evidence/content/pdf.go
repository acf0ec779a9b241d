package content

import (
	"bytes"
	"io"
)

// pdfTail is how much is read to find the end of a PDF.
const pdfTail = 4 << 10

// checkPDF holds that the file begins with the header and ends with %%EOF
// (ISO 32000-2, 7.5.2 and 7.5.5), and is not encrypted (7.6.2).
func checkPDF(r io.ReaderAt, size int64) error {
	head, err := readUpTo(r, 0, min(size, 8))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(head, []byte("%PDF-")) {
		return refuse(Before, "no PDF header at 0")
	}
	start := max(0, size-pdfTail)
	tail, err := readUpTo(r, start, size-start)
	if err != nil {
		return err
	}
	switch end := bytes.LastIndex(tail, []byte("%%EOF")); {
	case end < 0:
		whole, err := contains(r, size, []byte("%%EOF"))
		if err != nil {
			return err
		}
		if whole {
			return refuse(After, "the last %%%%EOF is far from the end")
		}
		return refuse(Damaged, "no %%%%EOF")
	case len(bytes.Trim(tail[end+len("%%EOF"):], "\x00\t\n\f\r ")) > 0:
		return refuse(After, "data after %%%%EOF")
	}
	return checkPDFEncryption(r, size)
}

func contains(r io.ReaderAt, size int64, what []byte) (found bool, err error) {
	err = windows(r, size, int64(len(what)), func(_ int64, b []byte) error {
		found = found || bytes.Contains(b, what)
		return nil
	})
	return found, err
}

// checkPDFEncryption looks for the Encrypt entry with a reference or a
// dictionary as its value. It stands in the trailer or in the dictionary of a
// cross-reference stream, and neither is ever compressed (7.5.5, 7.5.8).
func checkPDFEncryption(r io.ReaderAt, size int64) error {
	return windows(r, size, 128, func(at int64, b []byte) error {
		for i := 0; ; i++ {
			j := bytes.IndexByte(b[i:], '/')
			if j < 0 {
				return nil
			}
			i += j
			if encryptEntry(b[i+1:]) {
				return refuse(Encrypted, "/Encrypt at %d", at+int64(i))
			}
		}
	})
}

// encryptEntry tells whether b goes on, after a slash, as the Encrypt entry.
// Any letter of a name may be written as # and two hex digits (7.3.5).
func encryptEntry(b []byte) bool {
	for _, want := range []byte("Encrypt") {
		switch {
		case len(b) > 0 && b[0] == want:
			b = b[1:]
		case len(b) > 2 && b[0] == '#' && hex(b[1])<<4|hex(b[2]) == int(want):
			b = b[3:]
		default:
			return false
		}
	}
	value := bytes.TrimLeft(b, "\x00\t\n\f\r ")
	if bytes.HasPrefix(value, []byte("<<")) {
		return true
	}
	if len(value) == len(b) {
		return false // the name goes on: EncryptMetadata
	}
	// A reference: two numbers and R.
	for range 2 {
		rest := bytes.TrimLeft(value, "0123456789")
		next := bytes.TrimLeft(rest, "\x00\t\n\f\r ")
		if len(rest) == len(value) || len(next) == len(rest) {
			return false
		}
		value = next
	}
	return bytes.HasPrefix(value, []byte("R"))
}

// hex is the value of a hex digit, or more than a byte holds.
func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 1 << 12
}
