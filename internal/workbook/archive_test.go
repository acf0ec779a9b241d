package workbook

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

const (
	relsHead  = `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	officeRel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

// part is one part of a file built by hand.
type part struct{ name, content string }

// repack gives a good workbook with parts replaced and added.
func repack(t testing.TB, parts ...part) []byte {
	t.Helper()
	all := rawParts(t, writeTender(t, testTender(t, "nb", 4)))
	for _, p := range parts {
		all[p.name] = p.content
	}
	var list []part
	for n, c := range all {
		list = append(list, part{n, c})
	}
	return zipOf(t, list...)
}

func zipOf(t testing.TB, parts ...part) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, p := range parts {
		w, err := zw.Create(p.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func withType(t testing.TB, override string) part {
	t.Helper()
	types := rawParts(t, writeTender(t, testTender(t, "nb", 4)))["[Content_Types].xml"]
	return part{"[Content_Types].xml", strings.Replace(types, "</Types>", override+"</Types>", 1)}
}

func oleFile(stream string) []byte {
	b := append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 100_000)...)
	copy(b[70_000:], utf16le(stream))
	return b
}

// lyingZip holds one part whose stated size is far below its true one.
func lyingZip(t testing.TB, content []byte, stated uint32) []byte {
	t.Helper()
	var packed bytes.Buffer
	fw, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fw.Write(content)
	_ = fw.Close()
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, p := range []part{{"[Content_Types].xml", "<Types/>"}, {"xl/workbook.xml", "<workbook/>"}} {
		w, _ := zw.Create(p.name)
		_, _ = io.WriteString(w, p.content)
	}
	w, err := zw.CreateRaw(&zip.FileHeader{
		Name: "xl/media/image1.png", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(stated),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(packed.Bytes())
	_ = zw.Close()
	return buf.Bytes()
}

// noise is text that does not pack well.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = 'a' + byte(x>>24)%26
	}
	return string(b)
}

func TestCheckArchiveRefuses(t *testing.T) {
	small := DefaultLimits()
	small.MaxUnzipped = 2 << 20
	sheet := func(cells string) part {
		return part{"xl/worksheets/sheet9.xml", `<?xml version="1.0"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>` + cells + `</x:sheetData></x:worksheet>`}
	}
	many := func(n int) []part {
		var out []part
		for i := range n {
			out = append(out, part{fmt.Sprintf("xl/media/image%d.png", i), "x"})
		}
		return out
	}
	encrypted := repack(t)
	// Bit 0 of the flags of the first central directory header.
	at := bytes.Index(encrypted, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint16(encrypted[at+8:], 1)

	cases := []struct {
		name   string
		data   []byte
		limits Limits
		key    string
		kind   problem.Kind
		part   string
	}{
		{"empty", nil, DefaultLimits(), "empty-file", problem.Invalid, ""},
		{"csv", []byte("Krav;Svar\nK-1;Ja\n"), DefaultLimits(), "not-xlsx", problem.Unsupported, ""},
		{"docx", zipOf(t, part{"[Content_Types].xml", "<Types/>"}, part{"word/document.xml", "<w/>"}), DefaultLimits(), "not-xlsx", problem.Unsupported, ""},
		{"xls", oleFile("Workbook"), DefaultLimits(), "xls", problem.Unsupported, ""},
		{"password", oleFile("EncryptedPackage"), DefaultLimits(), "encrypted", problem.Unsupported, ""},
		{"zip password", encrypted, DefaultLimits(), "encrypted", problem.Unsupported, ""},
		{"xlsb", zipOf(t, part{"[Content_Types].xml", "<Types/>"}, part{"xl/workbook.bin", "x"}), DefaultLimits(), "xlsb", problem.Unsupported, ""},
		{"ods", zipOf(t, part{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, part{"content.xml", "<x/>"}), DefaultLimits(), "ods", problem.Unsupported, ""},
		{"truncated", repack(t)[:3000], DefaultLimits(), "damaged", problem.Invalid, ""},
		{"macro part", repack(t, part{"xl/vbaProject.bin", "x"}), DefaultLimits(), "macros", problem.Refused, "xl/vbaProject.bin"},
		{"macro in other case", repack(t, part{"XL/VBAPROJECT.BIN", "x"}), DefaultLimits(), "macros", problem.Refused, "XL/VBAPROJECT.BIN"},
		{"macro type", repack(t, part{"[Content_Types].xml", strings.Replace(withType(t, "").content, "spreadsheetml.sheet.main+xml", "ms-excel.sheet.macroEnabled.main+xml", 1)}), DefaultLimits(), "macros", problem.Refused, "/xl/workbook.xml"},
		{"macro type, renamed part", repack(t, withType(t, `<Override PartName="/xl/harmless.bin" ContentType="application/vnd.ms-office.vbaProject"/>`), part{"xl/harmless.bin", "x"}), DefaultLimits(), "macros", problem.Refused, "/xl/harmless.bin"},
		{"macro relation", repack(t, part{"xl/_rels/x.rels", relsHead + `<Relationship Id="r" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="a.bin"/></Relationships>`}), DefaultLimits(), "macros", problem.Refused, "xl/_rels/x.rels"},
		{"Excel 4 macros", repack(t, part{"xl/macrosheets/sheet1.xml", "<x/>"}), DefaultLimits(), "macros", problem.Refused, "xl/macrosheets/sheet1.xml"},
		{"external book", repack(t, part{"xl/externalLinks/externalLink1.xml", `<externalLink><externalBook/></externalLink>`}), DefaultLimits(), "external-link", problem.Refused, "xl/externalLinks/externalLink1.xml"},
		{"external picture", repack(t, part{"xl/drawings/_rels/d.xml.rels", relsHead + `<Relationship Id="r" Type="` + officeRel + `image" Target="http://tracker.example/x.png" TargetMode="External"/></Relationships>`}), DefaultLimits(), "external-link", problem.Refused, "xl/drawings/_rels/d.xml.rels: http://tracker.example/x.png"},
		{"data connection", repack(t, part{"xl/connections.xml", "<connections/>"}), DefaultLimits(), "external-link", problem.Refused, "xl/connections.xml"},
		{"DDE", repack(t, part{"xl/externalLinks/externalLink1.xml", `<x:externalLink xmlns:x="u"><x:ddeLink ddeService="cmd" ddeTopic="/c calc"/></x:externalLink>`}), DefaultLimits(), "dde", problem.Refused, "xl/externalLinks/externalLink1.xml"},
		{"embedded file", repack(t, part{"xl/embeddings/oleObject1.bin", "x"}), DefaultLimits(), "embedded", problem.Refused, "xl/embeddings/oleObject1.bin"},
		{"ActiveX", repack(t, part{"xl/activeX/activeX1.xml", "<x/>"}), DefaultLimits(), "embedded", problem.Refused, "xl/activeX/activeX1.xml"},
		{"OLE type, renamed part", repack(t, withType(t, `<Override PartName="/xl/a.dat" ContentType="application/vnd.openxmlformats-officedocument.oleObject"/>`), part{"xl/a.dat", "x"}), DefaultLimits(), "embedded", problem.Refused, "/xl/a.dat"},
		{"document type", repack(t, part{"xl/worksheets/sheet9.xml", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>`}), DefaultLimits(), "markup", problem.Refused, "xl/worksheets/sheet9.xml"},
		{"UTF-16", repack(t, part{"xl/_rels/workbook.xml.rels", "\xff\xfe<\x00?\x00"}), DefaultLimits(), "markup", problem.Refused, "xl/_rels/workbook.xml.rels"},
		{"other encoding", repack(t, part{"xl/worksheets/sheet9.xml", `<?xml version="1.0" encoding="UTF-7"?><worksheet/>`}), DefaultLimits(), "markup", problem.Refused, "xl/worksheets/sheet9.xml"},
		{"path out", repack(t, part{"../evil.xml", "<x/>"}), DefaultLimits(), "names", problem.Refused, "../evil.xml"},
		{"same part twice", zipOf(t, part{"[Content_Types].xml", "<Types/>"}, part{"xl/workbook.xml", "<workbook/>"}, part{"xl/Workbook.xml", "<workbook/>"}), DefaultLimits(), "names", problem.Refused, "xl/Workbook.xml"},
		{"too large", repack(t), Limits{MaxBytes: 100}, "too-large", problem.TooLarge, ""},
		{"too many parts", repack(t, many(2001)...), DefaultLimits(), "entries", problem.TooLarge, ""},
		{"lying size", lyingZip(t, make([]byte, 3<<20), 10), small, "", "", ""},
		{"unpacks too far", repack(t, part{"xl/media/a.png", noise(3 << 20)}), small, "unzipped", problem.TooLarge, ""},
		{"zip bomb", repack(t, part{"xl/media/a.png", strings.Repeat("\x00", 8<<20)}), DefaultLimits(), "ratio", problem.Refused, "xl/media/a.png"},
		{"row far down", repack(t, sheet(`<x:row r="20001"><x:c r="A20001"><x:v>1</x:v></x:c></x:row>`)), DefaultLimits(), "rows", problem.TooLarge, ""},
		{"column far out", repack(t, sheet(`<x:row r="1"><x:c r="XFD1"><x:v>1</x:v></x:c></x:row>`)), DefaultLimits(), "columns", problem.TooLarge, ""},
		{"empty cells far out", repack(t, sheet(strings.Repeat(`<x:row><x:c r="XFD1"/></x:row>`, 2001))), DefaultLimits(), "columns", problem.TooLarge, ""},
		{"sheet by another name", repack(t, part{"xl/other.dat", sheet(`<x:row r="20001"><x:c r="A20001"><x:v>1</x:v></x:c></x:row>`).content}), DefaultLimits(), "rows", problem.TooLarge, ""},
		{"DDE in a formula", repack(t, sheet(`<x:row><x:c r="A1"><x:f>1+cmd|'/c calc'!A0</x:f></x:c></x:row>`)), DefaultLimits(), "dde", problem.Refused, "xl/worksheets/sheet9.xml"},
		{"DDE in pieces", repack(t, sheet(`<x:row><x:c r="A1"><x:f>1+cmd<!-- -->|<![CDATA['/c calc']]>!A0</x:f></x:c></x:row>`)), DefaultLimits(), "dde", problem.Refused, "xl/worksheets/sheet9.xml"},
		{"DDE in a drop-down", repack(t, sheet(`<x:formula1>MSEXCEL|'\\x\y'!A1</x:formula1>`)), DefaultLimits(), "dde", problem.Refused, "xl/worksheets/sheet9.xml"},
		{"too many shared texts", repack(t, part{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si/>", 501) + "</sst>"}), func() Limits { l := DefaultLimits(); l.MaxStrings = 500; return l }(), "strings", problem.TooLarge, ""},
		{"too many styles", repack(t, part{"xl/styles.xml", "<styleSheet><cellXfs>" + strings.Repeat("<xf/>", 501) + "</cellXfs></styleSheet>"}), func() Limits { l := DefaultLimits(); l.MaxStyles = 500; return l }(), "styles", problem.TooLarge, ""},
		{"too many tags", repack(t), func() Limits { l := DefaultLimits(); l.MaxTags = 500; return l }(), "cells", problem.TooLarge, ""},
	}
	bundle := testBundle(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := CheckArchive(bytes.NewReader(c.data), int64(len(c.data)), c.limits)
			if c.key == "" {
				if err == nil {
					t.Fatal("accepted")
				}
				return
			}
			if problem.KeyOf(err) != "workbook.error."+c.key || problem.KindOf(err) != c.kind {
				t.Fatalf("%v, want %s %s", err, c.kind, c.key)
			}
			e := err.(*problem.Error)
			if c.part != "" && e.Args["Part"] != c.part {
				t.Errorf("names %v, want %s", e.Args["Part"], c.part)
			}
			for _, lang := range locale.Languages() {
				text := bundle.In(lang).T(e.Key, map[string]any(e.Args))
				if text == e.Key || strings.Contains(text, "<no value>") || !strings.Contains(text, c.part) {
					t.Errorf("%s: text %q", lang, text)
				}
			}
			if _, rerr := NewReader(bundle, c.limits).Tender(bytes.NewReader(c.data), int64(len(c.data)), nil); problem.KeyOf(rerr) != problem.KeyOf(err) {
				t.Errorf("the reader says %v", rerr)
			}
		})
	}
}

func TestCheckArchiveAccepts(t *testing.T) {
	link := relsHead + `<Relationship Id="r" Type="` + officeRel + `hyperlink" Target="https://example.no/" TargetMode="External"/></Relationships>`
	for name, data := range map[string][]byte{
		"tender":             writeTender(t, withBidders(testTender(t, "nb", 40))),
		"answers":            writeAnswers(t, "en", nil),
		"typed hyperlink":    repack(t, part{"xl/worksheets/_rels/sheet2.xml.rels", link}),
		"printer settings":   repack(t, part{"xl/printerSettings/printerSettings1.bin", "\x00\x01"}),
		"a few empty cells":  repack(t, part{"xl/worksheets/sheet9.xml", `<worksheet><sheetData><row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData></worksheet>`}),
		"comments with br":   repack(t, part{"xl/drawings/vmlDrawing1.vml", `<xml xmlns:v="u"><v:shape><br></v:shape></xml>`}),
		"a bar in a formula": repack(t, part{"xl/worksheets/sheet9.xml", `<worksheet><sheetData><row><c><f>IF(A1="a|b!c",'x|y'!A1,1)</f></c></row></sheetData></worksheet>`}),
		"byte order mark":    repack(t, part{"xl/worksheets/sheet9.xml", "\ufeff<worksheet/>"}),
		"unusual but fine":   repack(t, part{"docMetadata/LabelInfo.xml", "<x/>"}),
		"directory as entry": repack(t, part{"xl/theme/", ""}),
	} {
		if err := CheckArchive(bytes.NewReader(data), int64(len(data)), DefaultLimits()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
