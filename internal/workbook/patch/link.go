package patch

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	relationsNS  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageNS    = "http://schemas.openxmlformats.org/package/2006/relationships"
	hyperlinkRel = relationsNS + "/hyperlink"
)

// afterLinks are the elements of a sheet that come after its links (ECMA-376
// part 1, § 18.3.1.99).
var afterLinks = []string{
	"printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags",
	"drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst",
}

// Link has cells lead to addresses. The cells' texts and looks stay as they
// are. The error wraps ErrDamaged.
func (f *File) Link(s *Sheet, targets map[Ref]string) error {
	if len(targets) == 0 {
		return nil
	}
	relsPart := relsOf(s.part)
	rels := []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + `<Relationships xmlns="` + packageNS + `"></Relationships>`)
	if f.entries[strings.ToLower(relsPart)] != nil || f.changed[relsPart] != nil {
		var err error
		if rels, err = f.part(relsPart); err != nil {
			return err
		}
	}
	prefix := "fkLink" // a file that was linked before has such ids
	for bytes.Contains(rels, []byte(`"`+prefix)) {
		prefix += "k"
	}
	cells := slices.SortedFunc(maps.Keys(targets), func(a, b Ref) int {
		if a.Row != b.Row {
			return a.Row - b.Row
		}
		return a.Col - b.Col
	})
	ids := map[string]string{}
	var relations, links bytes.Buffer
	for _, c := range cells {
		target := targets[c]
		if ids[target] == "" {
			ids[target] = fmt.Sprintf("%s%d", prefix, len(ids)+1)
			fmt.Fprintf(&relations, `<Relationship Id="%s" Type="%s" Target="%s" TargetMode="External"/>`, ids[target], hyperlinkRel, escape(target))
		}
		fmt.Fprintf(&links, `<hyperlink xmlns:r="%s" ref="%s" r:id="%s"/>`, relationsNS, c, ids[target])
	}
	end := bytes.LastIndex(rels, []byte("</"))
	if end < 0 {
		return fmt.Errorf("%w: %s", ErrDamaged, relsPart)
	}
	data, err := withLinks(s.data, links.Bytes())
	if err != nil {
		return fmt.Errorf("link sheet %q: %w", s.Name, err)
	}
	f.change(relsPart, slices.Concat(rels[:end], relations.Bytes(), rels[end:]))
	f.set(s, data)
	return nil
}

// withLinks puts links into a sheet: to those it has, or where they belong.
func withLinks(data, links []byte) ([]byte, error) {
	// What is within other elements may have the same names: only what stands in
	// the sheet itself counts.
	depth := 0
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			return nil, fmt.Errorf("%w: the sheet does not end", ErrDamaged)
		}
		if t.opens("worksheet") && t.prefix != "" {
			links = bytes.ReplaceAll(links, []byte("<hyperlink "), []byte("<"+t.qualified("hyperlink")+" "))
		}
		if t.closing {
			depth--
		}
		at := depth
		if !t.closing && !t.empty {
			depth++
		}
		switch {
		case at == 1 && t.closes("hyperlinks"):
			return slices.Concat(data[:t.start], links, data[t.start:]), nil
		case at == 1 && !t.closing && slices.Contains(afterLinks, t.name), at == 0 && t.closes("worksheet"):
			name := t.qualified("hyperlinks")
			return slices.Concat(data[:t.start], []byte("<"+name+">"), links, []byte("</"+name+">"), data[t.start:]), nil
		}
	}
}
