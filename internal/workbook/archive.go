package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"

	"felleskrav/internal/problem"
)

// CheckArchive looks at a file before anything parses it, and refuses what is
// not an .xlsx file or could do harm: too much of anything, macros, links to
// other files or programs, embedded files. The error is a *problem.Error with
// a key "workbook.error.…" that names the part. size is the number of bytes
// in r.
func CheckArchive(r io.ReaderAt, size int64, l Limits) error {
	_, err := inspect(r, size, l)
	return err
}

// inspection is what was learnt about a file on the way.
type inspection struct {
	// rows is the last row with content on any sheet.
	rows int
	// formulas tells that some sheet has a formula.
	formulas bool
}

func refused(key, part string) error {
	return problem.New(problem.Refused, "workbook.error."+key, problem.Args{"Part": clip(oneLine(part), 100)})
}

func unsupported(key string) error {
	return problem.New(problem.Unsupported, "workbook.error."+key, nil)
}

func tooLarge(key string, limit int64) error {
	return problem.New(problem.TooLarge, "workbook.error."+key, problem.Args{"Max": limit})
}

func damaged(err error) error {
	return problem.New(problem.Invalid, "workbook.error.damaged", nil).Because(err)
}

func inspect(r io.ReaderAt, size int64, l Limits) (inspection, error) {
	if size > l.MaxBytes {
		return inspection{}, tooLarge("too-large", l.MaxBytes>>20)
	}
	if err := checkKind(r, size); err != nil {
		return inspection{}, err
	}
	zr, err := zip.NewReader(r, size)
	if err != nil {
		return inspection{}, damaged(err)
	}
	if len(zr.File) > l.MaxEntries {
		return inspection{}, tooLarge("entries", int64(l.MaxEntries))
	}
	if err := checkNames(zr.File); err != nil {
		return inspection{}, err
	}
	s := scan{limits: l}
	for _, f := range zr.File {
		if err := s.part(f); err != nil {
			return inspection{}, err
		}
	}
	return s.found, nil
}

// checkKind recognises by its first bytes what people send instead of .xlsx.
func checkKind(r io.ReaderAt, size int64) error {
	head := make([]byte, 8)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return damaged(err)
	}
	head = head[:n]
	switch {
	case size == 0 || n == 0:
		return problem.New(problem.Invalid, "workbook.error.empty-file", nil)
	case bytes.Equal(head, []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}):
		// An OLE compound file: an .xlsx with a password, or an old .xls. The
		// names of its streams are UTF-16 ([MS-CFB] 2.6.4).
		locked, err := contains(io.NewSectionReader(r, 0, size), utf16le("EncryptedPackage"))
		if err != nil {
			return damaged(err)
		}
		if locked {
			return unsupported("encrypted")
		}
		return unsupported("xls")
	case !bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return unsupported("not-xlsx")
	}
	return nil
}

func utf16le(s string) []byte {
	out := make([]byte, 0, 2*len(s))
	for _, c := range []byte(s) {
		out = append(out, c, 0)
	}
	return out
}

// contains reports whether want occurs in r, holding little of it.
func contains(r io.Reader, want []byte) (bool, error) {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], want) {
			return true, nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err
		}
		tail := min(kept+n, len(want)-1)
		copy(buf, buf[kept+n-tail:kept+n])
		kept = tail
	}
}

// forbidden are folders and files that do something when a workbook is
// opened, or carry what a workbook need not carry.
var forbidden = []struct{ part, key string }{
	{"vbaproject", "macros"}, {"vbadata", "macros"}, {"xl/macrosheets/", "macros"}, {"xl/dialogsheets/", "macros"}, {"customui/", "macros"},
	{"xl/connections.xml", "external-link"}, {"xl/querytables/", "external-link"}, {"xl/model/", "external-link"},
	{"xl/embeddings/", "embedded"}, {"xl/activex/", "embedded"}, {"xl/ctrlprops/", "embedded"}, {"oleobject", "embedded"},
}

// checkNames looks at the names of the parts only.
func checkNames(files []*zip.File) error {
	seen := map[string]bool{}
	for _, f := range files {
		name := strings.ToLower(f.Name)
		if strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(name, "/") || name == "" || hasDots(name) || seen[name] {
			return refused("names", f.Name)
		}
		seen[name] = true
		if f.Flags&1 != 0 {
			return unsupported("encrypted")
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return refused("compression", f.Name)
		}
	}
	switch {
	case seen["xl/workbook.bin"]:
		return unsupported("xlsb")
	case seen["mimetype"] || seen["meta-inf/manifest.xml"]:
		return unsupported("ods")
	case !seen["xl/workbook.xml"] || !seen["[content_types].xml"]:
		return unsupported("not-xlsx")
	}
	for _, f := range files {
		for _, bad := range forbidden {
			if strings.Contains(strings.ToLower(f.Name), bad.part) {
				return refused(bad.key, f.Name)
			}
		}
	}
	return nil
}

func hasDots(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." || part == "." {
			return true
		}
	}
	return false
}
