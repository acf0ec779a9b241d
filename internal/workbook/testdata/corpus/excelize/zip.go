package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// change alters the parts of a finished file.
type change func(p *parts) error

// parts are the entries of a zip file in their order.
type parts struct {
	names   []string
	content map[string]string
}

func (p *parts) add(name, content string) {
	if _, known := p.content[name]; !known {
		p.names = append(p.names, name)
	}
	p.content[name] = content
}

// insert puts text before the last occurrence of a mark in a part.
func (p *parts) insert(part, before, text string) error {
	i := strings.LastIndex(p.content[part], before)
	if i < 0 {
		return fmt.Errorf("insert: no %s in %s", before, part)
	}
	p.content[part] = p.content[part][:i] + text + p.content[part][i:]
	return nil
}

// rewrite writes a zip file anew with some changes, and all at the same time
// of day.
func rewrite(data []byte, changes ...change) ([]byte, error) {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	p := &parts{content: map[string]string{}}
	for _, f := range zr.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		p.add(f.Name, string(content))
	}
	for _, c := range changes {
		if err := c(p); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	for _, name := range p.names {
		w, err := zw.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, p.content[name]); err != nil {
			return nil, err
		}
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// part adds a part with its content type and a relation from the workbook.
func part(name, content, kind, relation string) change {
	return func(p *parts) error {
		p.add(name, content)
		if err := p.insert("[Content_Types].xml", "</Types>", fmt.Sprintf(`<Override PartName="/%s" ContentType="%s"/>`, name, kind)); err != nil {
			return err
		}
		return p.insert("xl/_rels/workbook.xml.rels", "</Relationships>", fmt.Sprintf(`<Relationship Id="rIdX%d" Type="%s" Target="/%s"/>`, len(p.names), relation, name))
	}
}

// strict turns the namespaces into those of ISO/IEC 29500 Strict, as Excel
// writes them for "Strict Open XML Spreadsheet".
func strict(p *parts) error {
	replace := strings.NewReplacer(
		"http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main",
		"http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://purl.oclc.org/ooxml/officeDocument/relationships",
		"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties", "http://purl.oclc.org/ooxml/officeDocument/extendedProperties",
		"http://schemas.openxmlformats.org/drawingml/2006/", "http://purl.oclc.org/ooxml/drawingml/",
	)
	for name, content := range p.content {
		if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") {
			p.content[name] = replace.Replace(content)
		}
	}
	root := regexp.MustCompile(`<workbook `)
	p.content["xl/workbook.xml"] = root.ReplaceAllString(p.content["xl/workbook.xml"], `<workbook conformance="strict" `)
	return nil
}
