package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The media types that are told apart here.
const (
	PDF  = "application/pdf"
	DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	ODT  = "application/vnd.oasis.opendocument.text"
	ODS  = "application/vnd.oasis.opendocument.spreadsheet"
	PNG  = "image/png"
	JPEG = "image/jpeg"
	Text = "text/plain"
	CSV  = "text/csv"
	JSON = "application/json"
)

// Reason says why a file is refused.
type Reason string

// The reasons.
const (
	// Encrypted: a password is needed to see what is in it.
	Encrypted Reason = "encrypted"
	// Before: something stands before the file's own beginning.
	Before Reason = "before"
	// After: something stands after the file's own end, or between its parts.
	After Reason = "after"
	// Archive: an archive is hidden in it, or packed into it.
	Archive Reason = "archive"
	// Markup: it begins as a web page or script as well.
	Markup Reason = "markup"
	// Macros: it has macros or other code of its own.
	Macros Reason = "macros"
	// Embedded: a program or an embedded object is in it.
	Embedded Reason = "embedded"
	// External: it fetches parts of itself from elsewhere when it is opened.
	External Reason = "external"
	// Packed: unpacked it is larger than anything is read to, or has more
	// parts.
	Packed Reason = "packed"
	// Damaged: it is not built as its type says.
	Damaged Reason = "damaged"
	// NotText: text in another encoding than UTF-8, or with bytes no text has.
	NotText Reason = "not-text"
)

// Reasons lists the reasons.
func Reasons() []Reason {
	return []Reason{Encrypted, Before, After, Archive, Markup, Macros, Embedded, External, Packed, Damaged, NotText}
}

// Refusal is the error for a file that is not to be kept.
type Refusal struct {
	Reason Reason
	// Detail is for the log.
	Detail string
}

func (r *Refusal) Error() string { return "content is refused: " + string(r.Reason) + ": " + r.Detail }

func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

const (
	// headBytes is how far from the beginning readers look for what they take
	// a file for: 1,024 bytes in PDF readers (ISO 32000-2, annex I) and 512 in
	// browsers (WHATWG MIME Sniffing, §7).
	headBytes = 1024
	// chunk is how much is read at a time.
	chunk = 64 << 10
)

// Check looks at a whole file of size bytes that is taken for media. It
// answers with a *Refusal when the file must not be kept, and with another
// error when r fails. It holds no more than some megabytes, whatever the file.
func Check(r io.ReaderAt, size int64, media string) error {
	head, err := readUpTo(r, 0, min(size, headBytes))
	if err != nil {
		return err
	}
	if i := bytes.Index(head, []byte("%PDF-")); i > 0 || i == 0 && media != PDF {
		return refuse(Before, "PDF header at %d", i)
	}
	switch media {
	case DOCX, XLSX, PPTX, ODT, ODS:
		err = checkPackage(r, size, media)
	case PDF:
		err = checkPDF(r, size)
	case PNG:
		err = checkPNG(r, size)
	case JPEG:
		err = checkJPEG(r, size)
	case Text, CSV, JSON:
		err = checkText(r, size)
	default:
		err = fmt.Errorf("check content: type %q is not known", media)
	}
	if err != nil {
		return err
	}
	if word := markup(head); word != "" && media != JSON {
		return refuse(Markup, "%s in the first %d bytes", word, headBytes)
	}
	switch media {
	case DOCX, XLSX, PPTX, ODT, ODS:
		return nil // it is a zip, and its parts have been looked at
	}
	return checkNoArchive(r, size)
}

// markup finds what makes a browser that guesses take a file for a page, or a
// web server for a script.
func markup(head []byte) string {
	if bytes.HasPrefix(head, []byte("#!")) {
		return "#!"
	}
	low := bytes.ToLower(head)
	for _, word := range []string{"<!doctype html", "<html", "<script", "<svg", "<iframe", "<?php"} {
		if bytes.Contains(low, []byte(word)) {
			return word
		}
	}
	return ""
}

// archiveMarks are how archives begin that unpackers look for anywhere in a
// file.
var archiveMarks = [][]byte{[]byte("Rar!\x1a\x07"), []byte("7z\xbc\xaf\x27\x1c"), []byte("MSCF\x00\x00\x00\x00"), []byte("\xfd7zXZ\x00")}

// checkNoArchive finds a zip whose directory ends in the tail, where unpackers
// look for it, and other archives anywhere.
func checkNoArchive(r io.ReaderAt, size int64) error {
	start := max(0, size-maxEnd)
	tail, err := readUpTo(r, start, size-start)
	if err != nil {
		return err
	}
	for at := 0; ; at++ {
		i := bytes.Index(tail[at:], endMark)
		if i < 0 {
			break
		}
		at += i
		if e, ok := parseEnd(tail[at:]); ok && e.fits(start+int64(at)) {
			return refuse(Archive, "zip directory at %d", start+int64(at))
		}
	}
	return windows(r, size, 16, func(at int64, b []byte) error {
		for _, mark := range archiveMarks {
			if i := bytes.Index(b, mark); i >= 0 {
				return refuse(Archive, "%q at %d", mark, at+int64(i))
			}
		}
		return nil
	})
}

// windows gives all of r in pieces that overlap by the given number of bytes.
// A piece is valid until look returns.
func windows(r io.ReaderAt, size, overlap int64, look func(at int64, b []byte) error) error {
	buf := make([]byte, chunk)
	for at := int64(0); at < size; {
		b := buf[:min(int64(len(buf)), size-at)]
		if err := readFull(r, b, at); err != nil {
			return err
		}
		if err := look(at, b); err != nil {
			return err
		}
		next := at + int64(len(b))
		if next < size {
			next -= overlap
		}
		at = next
	}
	return nil
}

func readUpTo(r io.ReaderAt, at, n int64) ([]byte, error) {
	b := make([]byte, n)
	return b, readFull(r, b, at)
}

// readFull fills b. That there is less is a fault of whoever said the size.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("check content: %w", err)
}
