package workbook

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The library looks through all links of a sheet for each one that is set,
// which takes longer than everything else in a list of ten thousand. So it is
// given one link, and when it writes the file that one is made into all of them.

// placeholder is where the one link leads, which no real one does.
const placeholder = "urn:felleskrav:links"

// link is a cell that leads somewhere.
type link struct{ cell, target string }

// linker packs a file, and makes the placeholder into links.
type linker struct {
	zw    *zip.Writer
	links []link
	// held are the parts that are looked at: sheets and what they relate to.
	held  map[string]*bytes.Buffer
	order []string
}

func newLinker(links []link) func(io.Writer) excelize.ZipWriter {
	return func(w io.Writer) excelize.ZipWriter {
		return &linker{zw: zip.NewWriter(w), links: links, held: map[string]*bytes.Buffer{}}
	}
}

// Create opens a part.
func (l *linker) Create(name string) (io.Writer, error) {
	if len(l.links) == 0 || !strings.HasPrefix(name, "xl/worksheets/") {
		return l.zw.Create(name)
	}
	b := &bytes.Buffer{}
	l.held[name] = b
	l.order = append(l.order, name)
	return b, nil
}

// AddFS is not used by excelize when it writes a workbook.
func (l *linker) AddFS(fs.FS) error { return fmt.Errorf("pack workbook: %w", fs.ErrInvalid) }

// Close writes the parts that were held back, with their links.
func (l *linker) Close() error {
	for name, b := range l.held {
		if strings.HasSuffix(name, ".rels") && bytes.Contains(b.Bytes(), []byte(placeholder)) {
			if err := l.expand(name); err != nil {
				return err
			}
		}
	}
	for _, name := range l.order {
		w, err := l.zw.Create(name)
		if err == nil {
			_, err = l.held[name].WriteTo(w)
		}
		if err != nil {
			return fmt.Errorf("pack workbook: %w", err)
		}
	}
	if err := l.zw.Close(); err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	return nil
}

var (
	relation   = regexp.MustCompile(`<Relationship [^>]*"` + placeholder + `"[^>]*>(?:</Relationship>)?`)
	relationID = regexp.MustCompile(`\bId="([^"]+)"`)
)

// expand makes the one relation into as many as there are targets, and the one
// link into as many as there are cells.
func (l *linker) expand(rels string) error {
	data := l.held[rels].Bytes()
	at := relation.FindIndex(data)
	if at == nil {
		return fmt.Errorf("pack workbook: the link is not where it was put in %s", rels)
	}
	id := relationID.FindSubmatch(data[at[0]:at[1]])
	sheet := l.held[strings.TrimSuffix(strings.Replace(rels, "_rels/", "", 1), ".rels")]
	if id == nil || sheet == nil {
		return fmt.Errorf("pack workbook: the link of %s has no sheet", rels)
	}
	one := regexp.MustCompile(`<hyperlink [^>]*:id="` + regexp.QuoteMeta(string(id[1])) + `"[^>]*>(?:</hyperlink>)?`)
	place := one.FindIndex(sheet.Bytes())
	if place == nil {
		return fmt.Errorf("pack workbook: the link of %s is not in its sheet", rels)
	}
	prefix := "fkLink" // a list that was checked before has such ids
	for bytes.Contains(data, []byte(prefix)) {
		prefix += "k"
	}
	ids := map[string]string{} // target → id
	var relations, links bytes.Buffer
	for _, k := range l.links {
		rid, seen := ids[k.target]
		if !seen {
			rid = fmt.Sprintf("%s%d", prefix, len(ids)+1)
			ids[k.target] = rid
			relations.WriteString(`<Relationship Id="` + rid + `" Type="` + excelize.SourceRelationshipHyperLink + `" Target="`)
			if err := xml.EscapeText(&relations, []byte(k.target)); err != nil {
				return fmt.Errorf("pack workbook: %w", err)
			}
			relations.WriteString(`" TargetMode="External"/>`)
		}
		links.WriteString(`<hyperlink ref="` + k.cell + `" r:id="` + rid + `"/>`)
	}
	l.held[rels] = replaced(data, at, relations.Bytes())
	name := strings.TrimSuffix(strings.Replace(rels, "_rels/", "", 1), ".rels")
	l.held[name] = replaced(sheet.Bytes(), place, links.Bytes())
	return nil
}

// replaced puts something in the place of a part of data.
func replaced(data []byte, at []int, by []byte) *bytes.Buffer {
	b := bytes.NewBuffer(make([]byte, 0, len(data)+len(by)))
	b.Write(data[:at[0]])
	b.Write(by)
	b.Write(data[at[1]:])
	return b
}
