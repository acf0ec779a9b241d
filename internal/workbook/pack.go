package workbook

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/xuri/excelize/v2"
)

// packer writes the parts of a workbook as a zip file. It does three things
// that excelize's own writer does not: the parts come in a fixed order, so
// that the same content gives the same bytes, row heights lose the mark
// "set by hand", so that a row grows when somebody types more into it, and the
// drawing of a streamed sheet is referred to as in every other file.
//
// Parts wait in memory for the others, packed: a sheet shrinks to a tenth.
type packer struct {
	w     io.Writer
	z     *flate.Writer
	parts map[string]*packed
	// open is the part being written; the next one ends it, as in a zip file.
	open *packed
}

func newPacker(w io.Writer) excelize.ZipWriter { return &packer{w: w, parts: map[string]*packed{}} }

// flates keeps compressors, which are large, for the next workbook. Their
// level is the one archive/zip uses.
var flates = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, 5)
	if err != nil {
		panic("workbook: no such level of compression: " + err.Error()) // ours is a constant
	}
	return w
}}

// Create opens a part.
func (p *packer) Create(name string) (io.Writer, error) {
	if err := p.end(); err != nil {
		return nil, err
	}
	p.open = &packed{sheet: strings.HasPrefix(name, "xl/worksheets/")}
	p.parts[name] = p.open
	if p.z == nil {
		p.z = flates.Get().(*flate.Writer) //nolint:forcetypeassert // nothing else is put there
	}
	p.z.Reset(&p.open.out)
	p.open.z = p.z
	return p.open, nil
}

func (p *packer) end() error {
	if p.open == nil {
		return nil
	}
	err := p.open.end()
	p.open = nil
	if err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	return nil
}

// AddFS is not used by excelize when it writes a workbook.
func (p *packer) AddFS(fs.FS) error { return fmt.Errorf("pack workbook: %w", fs.ErrInvalid) }

// Close writes the zip file: the list of content types first, as programs
// that look at the beginning of a file expect, then the rest by name.
func (p *packer) Close() error {
	if err := p.end(); err != nil {
		return err
	}
	if p.z != nil {
		flates.Put(p.z)
		p.z = nil
	}
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
		x := p.parts[n]
		w, err := zw.CreateRaw(&zip.FileHeader{
			Name: n, Method: zip.Deflate, CRC32: x.sum, CompressedSize64: uint64(x.out.Len()), UncompressedSize64: x.size,
		})
		if err == nil {
			_, err = x.out.WriteTo(w)
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

// packed is one file of the zip file.
type packed struct {
	sheet bool
	z     *flate.Writer
	out   bytes.Buffer
	sum   uint32
	size  uint64
	// held is the end of what came, which may be the beginning of something to
	// mend.
	held []byte
}

// mend is something that is written otherwise in a sheet. Quotes inside texts
// are escaped, so this only meets attributes.
type mend struct {
	old, instead []byte
	// key is a part of old that begins with a letter that is rare in a sheet,
	// and at is where: to look for all of old takes ten times as long.
	key []byte
	at  int
}

func mended(old, instead, key string) mend {
	return mend{[]byte(old), []byte(instead), []byte(key), strings.Index(old, key)}
}

var mends = []mend{
	mended(` customHeight="1"`, "", `Height="1"`),
	mended(`<drawing xmlns:relationships="http://schemas.openxmlformats.org/officeDocument/2006/relationships" relationships:id=`, `<drawing r:id=`, `wing xmlns:relation`),
}

// Write takes the next bytes.
func (x *packed) Write(b []byte) (int, error) {
	if !x.sheet {
		return len(b), x.put(b)
	}
	data := b
	if len(x.held) > 0 {
		data = append(x.held, b...)
	}
	next, longest := make([]int, len(mends)), 0 // where each stands next in data
	for i, m := range mends {
		next[i], longest = m.find(data), max(longest, len(m.old))
	}
	done := 0
	for {
		i := slices.Index(next, slices.Min(next))
		if next[i] == len(data) {
			break
		}
		if err := errors.Join(x.put(data[done:next[i]]), x.put(mends[i].instead)); err != nil {
			return 0, err
		}
		done = next[i] + len(mends[i].old)
		next[i] = done + mends[i].find(data[done:])
	}
	data = data[done:]
	keep := min(len(data), longest-1)
	if err := x.put(data[:len(data)-keep]); err != nil {
		return 0, err
	}
	x.held = bytes.Clone(data[len(data)-keep:])
	return len(b), nil
}

// find is where old stands in data, or the end of it.
func (m mend) find(data []byte) int {
	for from := 0; ; {
		i := bytes.Index(data[from:], m.key)
		if i < 0 {
			return len(data)
		}
		if start := from + i - m.at; start >= 0 && bytes.HasPrefix(data[start:], m.old) {
			return start
		}
		from += i + len(m.key)
	}
}

func (x *packed) put(b []byte) error {
	x.sum = crc32.Update(x.sum, crc32.IEEETable, b)
	x.size += uint64(len(b))
	_, err := x.z.Write(b)
	return err
}

func (x *packed) end() error { return errors.Join(x.put(x.held), x.z.Close()) }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
