package workbook

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"felleskrav/internal/problem"
)

// scan reads the parts of a file one after another, each as a stream.
type scan struct {
	limits   Limits
	unzipped int64
	tags     int64
	strings  int
	styles   int
	found    inspection
}

// ratioFrom is the size from which a part's growth is looked at: small parts
// of a normal workbook can be very regular.
const ratioFrom = 1 << 20

// part unpacks one part within the limits and looks at what it holds.
func (s *scan) part(f *zip.File) error {
	rc, err := f.Open()
	if err != nil {
		return damaged(err)
	}
	defer rc.Close()
	name := strings.ToLower(f.Name)
	m := &meter{r: rc, s: s, f: f}
	r := bufio.NewReader(m)
	start, _ := r.Peek(64)
	isXML := bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\ufeff")), " \t\r\n"), []byte{'<'})
	switch {
	case strings.HasSuffix(name, ".rels"):
		err = s.relations(f.Name, r)
	case name == "[content_types].xml":
		err = s.types(f.Name, r)
	case strings.HasPrefix(name, "xl/externallinks/"):
		err = s.external(f.Name, r)
	case isXML:
		// A sheet can have any name, so everything that may be one is looked at.
		err = s.worksheet(f.Name, r)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	// A limit that was met inside an XML decoder is what really happened.
	if m.stop != nil {
		return m.stop
	}
	if err == nil {
		return nil
	}
	if problem.KindOf(err) != problem.Internal {
		return err
	}
	return damaged(err)
}

// meter counts what is unpacked and stops at the limits.
type meter struct {
	r    io.Reader
	s    *scan
	f    *zip.File
	n    int64
	head []byte
	stop error
}

// headSize is where an XML declaration and a document type would stand.
const headSize = 1024

func (m *meter) Read(p []byte) (int, error) {
	if m.stop != nil {
		return 0, m.stop
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.s.unzipped += int64(n)
	m.s.tags += int64(bytes.Count(p[:n], []byte{'<'}))
	l := m.s.limits
	switch {
	case m.s.unzipped > l.MaxUnzipped:
		m.stop = tooLarge("unzipped", l.MaxUnzipped>>20)
	case m.n > ratioFrom && m.n > l.MaxRatio*max(int64(m.f.CompressedSize64), 1):
		m.stop = refused("ratio", m.f.Name)
	case m.s.tags > l.MaxTags:
		m.stop = tooLarge("cells", l.MaxTags)
	}
	if m.stop == nil && len(m.head) < headSize {
		m.head = append(m.head, p[:min(n, headSize-len(m.head))]...)
		if len(m.head) == headSize || err != nil {
			m.stop = checkHead(m.f.Name, m.head)
		}
	}
	if m.stop != nil {
		return 0, m.stop
	}
	return n, err
}

// checkHead refuses XML in another encoding than UTF-8, which would hide its
// content from the checks, and document type declarations.
func checkHead(name string, head []byte) error {
	lower := strings.ToLower(name)
	if !strings.HasSuffix(lower, ".xml") && !strings.HasSuffix(lower, ".rels") && !strings.HasSuffix(lower, ".vml") {
		return nil
	}
	text := bytes.ToLower(head)
	if bytes.HasPrefix(head, []byte{0xfe, 0xff}) || bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.IndexByte(head, 0) >= 0 || bytes.Contains(text, []byte("<!doctype")) || bytes.Contains(text, []byte("<!entity")) {
		return refused("markup", name)
	}
	if end := bytes.Index(text, []byte("?>")); end > 0 && bytes.Contains(text[:end], []byte("encoding")) && !bytes.Contains(text[:end], []byte("utf-8")) && !bytes.Contains(text[:end], []byte("us-ascii")) {
		return refused("markup", name)
	}
	return nil
}

// elements calls visit for the start of every element.
func elements(r io.Reader, visit func(xml.StartElement) error) error {
	return elementsAndTexts(r, visit, nil)
}

// elementsAndTexts also calls text, which may be nil, for the text of elements
// that hold no others, with their names. Comments do not divide a text.
func elementsAndTexts(r io.Reader, visit func(xml.StartElement) error, text func(name string, text []byte) error) error {
	name, said := "", []byte(nil)
	d := xml.NewDecoder(r)
	d.Strict = false
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			name, said = t.Name.Local, said[:0]
			if err := visit(t); err != nil {
				return err
			}
		case xml.EndElement:
			if text != nil && name != "" && len(said) > 0 {
				if err := text(name, said); err != nil {
					return err
				}
			}
			name = ""
		case xml.CharData:
			if text != nil && name != "" && len(said) < maxCell {
				said = append(said, t...)
			}
		case xml.Directive:
			return refused("markup", "<!"+clip(string(t), 20))
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// relations refuses targets outside the file. Hyperlinks are fine: they are
// text until a person follows them, and Excel makes one of every address typed.
func (s *scan) relations(name string, r io.Reader) error {
	return elements(r, func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" {
			return nil
		}
		kind := strings.ToLower(attribute(e, "Type"))
		kind = kind[strings.LastIndexByte(kind, '/')+1:]
		target := attribute(e, "Target")
		switch {
		case strings.Contains(kind, "vbaproject"), strings.Contains(kind, "macrosheet"):
			return refused("macros", name)
		case kind == "externallink":
			return nil // its part tells what kind of link it is
		case kind == "oleobject", kind == "control", kind == "package":
			return refused("embedded", name)
		case strings.EqualFold(attribute(e, "TargetMode"), "External") && kind != "hyperlink":
			return refused("external-link", name+": "+target)
		}
		return nil
	})
}

// types refuses kinds of part by what the file says they are.
func (s *scan) types(name string, r io.Reader) error {
	return elements(r, func(e xml.StartElement) error {
		kind := strings.ToLower(attribute(e, "ContentType"))
		part := attribute(e, "PartName")
		if part == "" {
			part = name
		}
		switch {
		case strings.Contains(kind, "macro"), strings.Contains(kind, "vba"):
			return refused("macros", part)
		case e.Name.Local == "Override" && (strings.Contains(kind, "oleobject") || strings.Contains(kind, "activex") || strings.Contains(kind, "controlproperties")):
			return refused("embedded", part)
		case strings.Contains(kind, "spreadsheetml.template"):
			return unsupported("not-xlsx")
		case e.Name.Local == "Override" && strings.HasSuffix(kind, "sheet.binary.main"):
			return unsupported("xlsb")
		}
		return nil
	})
}

// external refuses every link and tells the kinds apart.
func (s *scan) external(name string, r io.Reader) error {
	if !strings.HasSuffix(strings.ToLower(name), ".xml") {
		return refused("external-link", name)
	}
	err := elements(r, func(e xml.StartElement) error {
		if e.Name.Local == "ddeLink" {
			return refused("dde", name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused("external-link", name)
}

// emptyOutside is how many empty cells may stand beyond the last column:
// programs that save a file leave a few.
const emptyOutside = 2000

// dde is a formula that asks a program of the reader's for data, or starts it:
// «cmd|'/c calc'!A0».
var (
	dde      = regexp.MustCompile(`[\p{L}\d_.]+\|[^|!]*!`)
	inQuotes = regexp.MustCompile(`"[^"]*"`)
	sheetRef = regexp.MustCompile(`(^|[^|])'[^']*'!`)
)

// formula refuses formulas that speak to other programs. Texts and names of
// sheets may hold the same characters.
func formula(part, element string, text []byte) error {
	switch element {
	case "f", "formula", "formula1", "formula2", "definedName":
	default:
		return nil
	}
	if bytes.IndexByte(text, '|') < 0 {
		return nil
	}
	text = inQuotes.ReplaceAll(text, nil)
	text = sheetRef.ReplaceAll(text, []byte("$1"))
	if dde.Match(text) {
		return refused("dde", part)
	}
	return nil
}

// worksheet counts rows and columns with content.
func (s *scan) worksheet(part string, r io.Reader) error {
	row, col, outside := 0, 0, 0
	text := func(element string, text []byte) error { return formula(part, element, text) }
	return elementsAndTexts(r, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			col = 0
			if n, err := strconv.Atoi(attribute(e, "r")); err == nil {
				row = n
			} else {
				row++
			}
		case "c":
			if n := columnOf(attribute(e, "r")); n > 0 {
				col = n
			} else {
				col++
			}
			if col > s.limits.MaxColumns {
				if outside++; outside > emptyOutside {
					return tooLarge("columns", int64(s.limits.MaxColumns))
				}
			}
		case "si":
			if s.strings++; s.strings > s.limits.MaxStrings {
				return tooLarge("strings", int64(s.limits.MaxStrings))
			}
		case "xf":
			if s.styles++; s.styles > s.limits.MaxStyles {
				return tooLarge("styles", int64(s.limits.MaxStyles))
			}
		case "f", "v", "is":
			s.found.formulas = s.found.formulas || e.Name.Local == "f"
			if row > s.limits.MaxRows {
				return tooLarge("rows", int64(s.limits.MaxRows))
			}
			if col > s.limits.MaxColumns {
				return tooLarge("columns", int64(s.limits.MaxColumns))
			}
			s.found.rows = max(s.found.rows, row)
		}
		return nil
	}, text)
}

// columnOf gives the column number of a cell reference, 0 when it is none.
func columnOf(ref string) int {
	n := 0
	for _, r := range ref {
		switch {
		case r >= 'A' && r <= 'Z':
			n = n*26 + int(r-'A') + 1
		case r >= 'a' && r <= 'z':
			n = n*26 + int(r-'a') + 1
		default:
			return n
		}
		if n > 1<<20 {
			return n
		}
	}
	return n
}
