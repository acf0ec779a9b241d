package patch

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// The ways in which a file or a change can be refused.
var (
	// ErrDamaged is a file whose parts do not hold together.
	ErrDamaged = errors.New("damaged workbook")
	// ErrSigned is a file with a signature over its parts, which any change
	// would break.
	ErrSigned = errors.New("digitally signed workbook")
)

// File is an .xlsx file being read and changed.
type File struct {
	zip     *zip.Reader
	entries map[string]*zip.File
	sheets  []*Sheet
	book    string
	strings []string
	// changed are the parts with new content.
	changed map[string][]byte
	// added are parts that the file did not have, in order.
	added []string
	names map[string]string
}

// Sheet is one worksheet of a file.
type Sheet struct {
	// Name is what stands on the tab.
	Name string
	// Hidden tells that the tab is not shown.
	Hidden bool
	part   string
	data   []byte
	grid   *Grid
}

// Open reads what is needed to find sheets and texts in a file of size bytes.
// The file must have been held against limits before; its parts are unpacked
// in memory, the sheets and shared texts at once. The error wraps ErrDamaged
// or ErrSigned.
func Open(r io.ReaderAt, size int64) (*File, error) {
	zr, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f := &File{zip: zr, entries: map[string]*zip.File{}, changed: map[string][]byte{}}
	for _, e := range zr.File {
		f.entries[strings.ToLower(e.Name)] = e
		if strings.HasPrefix(strings.ToLower(e.Name), "_xmlsignatures/") {
			return nil, ErrSigned
		}
	}
	rels, err := f.relations("_rels/.rels")
	if err != nil {
		return nil, err
	}
	f.book = "xl/workbook.xml"
	for _, rel := range rels {
		if strings.HasSuffix(rel.kind, "/officeDocument") {
			f.book = rel.target
		}
	}
	return f, f.readBook()
}

// relation is one line of a .rels part: targets are names of parts.
type relation struct{ id, kind, target string }

func (f *File) relations(part string) ([]relation, error) {
	data, err := f.part(part)
	if err != nil {
		return nil, err
	}
	base := path.Dir(path.Dir(part))
	var out []relation
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			return out, nil
		}
		if !t.opens("Relationship") || t.attr("TargetMode") == "External" {
			continue
		}
		target := t.attr("Target")
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(path.Clean(target), "/")
		} else {
			target = strings.TrimPrefix(path.Join(base, target), "/")
		}
		out = append(out, relation{t.attr("Id"), t.attr("Type"), target})
	}
}

func relsOf(part string) string { return path.Join(path.Dir(part), "_rels", path.Base(part)+".rels") }

func (f *File) readBook() error {
	data, err := f.part(f.book)
	if err != nil {
		return err
	}
	rels, err := f.relations(relsOf(f.book))
	if err != nil {
		return err
	}
	targets := map[string]relation{}
	for _, rel := range rels {
		targets[rel.id] = rel
		if strings.HasSuffix(rel.kind, "/sharedStrings") {
			if err := f.readStrings(rel.target); err != nil {
				return err
			}
		}
	}
	f.names = map[string]string{}
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			break
		}
		if t.opens("definedName") && !t.empty {
			f.names[t.attr("name")] = content(s.until("definedName"))
		}
		if !t.opens("sheet") {
			continue
		}
		rel := targets[relationID(t)]
		if !strings.HasSuffix(rel.kind, "/worksheet") {
			continue // a chart sheet has no cells
		}
		sheet := &Sheet{Name: t.attr("name"), Hidden: strings.EqualFold(t.attr("state"), "hidden") || strings.EqualFold(t.attr("state"), "veryHidden"), part: rel.target}
		if sheet.data, err = f.part(sheet.part); err != nil {
			return err
		}
		f.sheets = append(f.sheets, sheet)
	}
	if len(f.sheets) == 0 {
		return fmt.Errorf("%w: no sheets", ErrDamaged)
	}
	return nil
}

// relationID finds the r:id, whatever the prefix is called.
func relationID(t tag) string {
	if id := t.attr("r:id"); id != "" {
		return id
	}
	for field := range strings.FieldsSeq(string(t.attributes)) {
		if name, _, ok := strings.Cut(field, "="); ok && strings.HasSuffix(name, ":id") {
			return t.attr(name)
		}
	}
	return ""
}

// Names are the defined names with what they stand for.
func (f *File) Names() map[string]string { return f.names }

// Sheets are the worksheets in the order of their tabs.
func (f *File) Sheets() []*Sheet { return f.sheets }

// Sheet finds a worksheet by its name.
func (f *File) Sheet(name string) (*Sheet, bool) {
	for _, s := range f.sheets {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// part gives the content of a part as it is now.
func (f *File) part(name string) ([]byte, error) {
	e := f.entries[strings.ToLower(name)]
	if data, ok := f.changed[name]; e == nil && ok {
		return data, nil
	}
	if e == nil {
		return nil, fmt.Errorf("%w: no part %s", ErrDamaged, name)
	}
	if data, ok := f.changed[e.Name]; ok {
		return data, nil
	}
	r, err := e.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	return data, nil
}

// Write writes the file: unchanged parts as the bytes they were, in the order
// they had. It fails only when w does, or when the source can no longer be
// read.
func (f *File) Write(w io.Writer) error {
	zw := zip.NewWriter(w)
	for _, e := range f.zip.File {
		if err := f.writeEntry(zw, e); err != nil {
			return fmt.Errorf("write workbook: %s: %w", e.Name, err)
		}
	}
	for _, name := range f.added {
		part, err := zw.Create(name)
		if err == nil {
			_, err = part.Write(f.changed[name])
		}
		if err != nil {
			return fmt.Errorf("write workbook: %s: %w", name, err)
		}
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

func (f *File) writeEntry(zw *zip.Writer, e *zip.File) error {
	data, ok := f.changed[e.Name]
	if !ok {
		return zw.Copy(e)
	}
	part, err := zw.CreateHeader(&zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: e.Modified})
	if err != nil {
		return err
	}
	_, err = part.Write(data)
	return err
}

// Touched are the names of the parts with new content, in the order of the
// file, and then those that were added.
func (f *File) Touched() []string {
	var out []string
	for _, e := range f.zip.File {
		if _, ok := f.changed[e.Name]; ok {
			out = append(out, e.Name)
		}
	}
	return append(out, f.added...)
}

// change gives a part new content. Names of parts are compared without regard
// to case (ECMA-376 part 2, § 6.2.2.3); the entry's own spelling is kept.
func (f *File) change(part string, data []byte) {
	if e := f.entries[strings.ToLower(part)]; e != nil {
		f.changed[e.Name] = data
		return
	}
	if _, there := f.changed[part]; !there {
		f.added = append(f.added, part)
	}
	f.changed[part] = data
}
