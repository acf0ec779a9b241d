package workbook

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/xuri/excelize/v2"
)

// packer writes the parts of a workbook as a zip file. It does two things
// that excelize's own writer does not: the parts come in a fixed order, so
// that the same content gives the same bytes, and row heights lose the mark
// "set by hand", so that a row grows when somebody types more into it. Parts
// are compressed as they come and held that way, a tenth of their size.
type packer struct {
	w     io.Writer
	parts []*packed
	flate *flate.Writer // one for all parts, which come one after another
}

func newPacker(w io.Writer) excelize.ZipWriter { return &packer{w: w} }

// flates keeps compressors, which are large, for the next workbook. Their
// level is the one archive/zip uses.
var flates = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, 5)
	if err != nil {
		panic("workbook: no such level of compression: " + err.Error()) // ours is a constant
	}
	return w
}}

// Create opens a part. It ends the part before.
func (p *packer) Create(name string) (io.Writer, error) {
	if err := p.end(); err != nil {
		return nil, err
	}
	part := &packed{header: zip.FileHeader{Name: name, Method: zip.Deflate}}
	p.parts = append(p.parts, part)
	if p.flate == nil {
		p.flate = flates.Get().(*flate.Writer) //nolint:forcetypeassert // nothing else is put there
	}
	p.flate.Reset(&part.data)
	part.flate = p.flate
	if strings.HasPrefix(name, "xl/worksheets/") {
		part.cut = &cutter{pass: part.pass}
		return part.cut, nil
	}
	return part, nil
}

// end finishes the last part.
func (p *packer) end() error {
	if len(p.parts) == 0 {
		return nil
	}
	part := p.parts[len(p.parts)-1]
	if part.cut != nil {
		if err := part.pass(part.cut.held); err != nil {
			return fmt.Errorf("pack workbook: %w", err)
		}
	}
	if err := p.flate.Close(); err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	part.header.CompressedSize64 = uint64(part.data.Len())
	return nil
}

// packed is one part, compressed.
type packed struct {
	header zip.FileHeader
	data   bytes.Buffer
	flate  *flate.Writer
	cut    *cutter // nil for parts without row heights
}

func (p *packed) Write(b []byte) (int, error) { return len(b), p.pass(b) }

func (p *packed) pass(b []byte) error {
	p.header.CRC32 = crc32.Update(p.header.CRC32, crc32.IEEETable, b)
	p.header.UncompressedSize64 += uint64(len(b))
	_, err := p.flate.Write(b)
	return err
}

// AddFS is not used by excelize when it writes a workbook.
func (p *packer) AddFS(fs.FS) error { return fmt.Errorf("pack workbook: %w", fs.ErrInvalid) }

// Close writes the zip file: the list of content types first, as programs
// that look at the beginning of a file expect, then the rest by name.
func (p *packer) Close() error {
	if err := p.end(); err != nil {
		return err
	}
	if p.flate != nil {
		flates.Put(p.flate)
		p.flate = nil
	}
	const types = "[Content_Types].xml"
	slices.SortFunc(p.parts, func(a, b *packed) int {
		return cmp.Or(cmp.Compare(b2i(b.header.Name == types), b2i(a.header.Name == types)), strings.Compare(a.header.Name, b.header.Name))
	})
	zw := zip.NewWriter(p.w)
	for _, part := range p.parts {
		w, err := zw.CreateRaw(&part.header)
		if err == nil {
			_, err = part.data.WriteTo(w)
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

// byHand is the mark of a row height that a program must not change. Quotes
// inside texts are escaped, so this only meets attributes.
var byHand = []byte(` customHeight="1"`)

// markEnd is the end of the mark, from a letter that is rare in a sheet: to
// look for the whole mark takes ten times as long.
var markEnd = []byte(`Height="1"`)

// nextMark is where the next mark begins, or -1.
func nextMark(b []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], markEnd)
		if i < 0 {
			return -1
		}
		from += i + len(markEnd)
		if bytes.HasSuffix(b[:from], byHand) {
			return from - len(byHand)
		}
	}
}

// cutter leaves the mark out of what it passes on.
type cutter struct {
	pass func([]byte) error
	held []byte // the end of what came, while it may be the beginning of a mark
}

func (c *cutter) Write(b []byte) (int, error) {
	n := len(b)
	if len(c.held) > 0 {
		b = append(c.held, b...)
		c.held = nil
	}
	for {
		i := nextMark(b)
		if i < 0 {
			break
		}
		if err := c.pass(b[:i]); err != nil {
			return 0, err
		}
		b = b[i+len(byHand):]
	}
	keep := min(len(b), len(byHand)-1)
	for !bytes.HasPrefix(byHand, b[len(b)-keep:]) {
		keep--
	}
	if keep > 0 {
		c.held = bytes.Clone(b[len(b)-keep:])
	}
	return n, c.pass(b[:len(b)-keep])
}
