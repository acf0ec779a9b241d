package workbook

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// packer writes the parts of a workbook as a zip file. It does three things
// that excelize's own writer does not: the parts come in a fixed order, so
// that the same content gives the same bytes, row heights lose the mark
// "set by hand", so that a row grows when somebody types more into it, and the
// drawing of a streamed sheet is referred to as in every other file.
type packer struct {
	w     io.Writer
	parts map[string]*bytes.Buffer
}

func newPacker(w io.Writer) excelize.ZipWriter {
	return &packer{w: w, parts: map[string]*bytes.Buffer{}}
}

// Create opens a part; what is written to it is kept until Close.
func (p *packer) Create(name string) (io.Writer, error) {
	b := &bytes.Buffer{}
	p.parts[name] = b
	return b, nil
}

// AddFS is not used by excelize when it writes a workbook.
func (p *packer) AddFS(fs.FS) error { return fmt.Errorf("pack workbook: %w", fs.ErrInvalid) }

var (
	byHand  = []byte(` customHeight="1"`)
	drawing = []byte(`<drawing xmlns:relationships="http://schemas.openxmlformats.org/officeDocument/2006/relationships" relationships:id=`)
	drawn   = []byte(`<drawing r:id=`)
)

// Close writes the zip file: the list of content types first, as programs
// that look at the beginning of a file expect, then the rest by name.
func (p *packer) Close() error {
	names := make([]string, 0, len(p.parts))
	for n := range p.parts {
		names = append(names, n)
	}
	const types = "[Content_Types].xml"
	slices.SortFunc(names, func(a, b string) int {
		if a == types || b == types {
			return cmp.Compare(b2i(b == types), b2i(a == types))
		}
		return strings.Compare(a, b)
	})
	zw := zip.NewWriter(p.w)
	for _, n := range names {
		data := p.parts[n].Bytes()
		if strings.HasPrefix(n, "xl/worksheets/") {
			// Quotes inside texts are escaped, so this only meets attributes.
			data = bytes.ReplaceAll(bytes.ReplaceAll(data, byHand, nil), drawing, drawn)
		}
		w, err := zw.Create(n)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			return fmt.Errorf("pack workbook: %w", err)
		}
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
