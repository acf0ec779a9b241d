package workbook

import (
	"bytes"
	"strings"
	"testing"

	"felleskrav/internal/problem"
)

// fuzzLimits keep one run short.
func fuzzLimits() Limits {
	l := DefaultLimits()
	l.MaxBytes, l.MaxUnzipped, l.MaxTags, l.MaxRows = 1<<20, 4<<20, 100_000, 2000
	return l
}

func seeds(f *testing.F) {
	f.Add(writeTender(f, testTender(f, "nb", 2)))
	f.Add(writeAnswers(f, "en", nil))
	f.Add(repack(f, part{"xl/vbaProject.bin", "x"}))
	f.Add(repack(f, part{"xl/worksheets/sheet2.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>99</v></c><c r="B1" t="inlineStr"><is><t>Krav-ID</t></is></c></row></sheetData></worksheet>`}))
	f.Add(oleFile("EncryptedPackage"))
	f.Add([]byte("PK\x03\x04"))
}

// Whatever comes in, a problem with a key comes out, or nothing is wrong.
func FuzzCheckArchive(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		err := CheckArchive(bytes.NewReader(data), int64(len(data)), fuzzLimits())
		if err != nil && problem.KindOf(err) == problem.Internal {
			t.Errorf("%v", err)
		}
	})
}

func FuzzReadTender(f *testing.F) {
	seeds(f)
	rd := NewReader(testBundle(f), fuzzLimits())
	known := KnownLines(testTender(f, "nb", 2).Lines)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := rd.Tender(bytes.NewReader(data), int64(len(data)), known)
		if err != nil && problem.KindOf(err) == problem.Internal {
			t.Errorf("%v", err)
		}
		for _, a := range got.Answers {
			if _, ok := known(a.Requirement); !ok || a.Status == "" {
				t.Errorf("answer %+v", a)
			}
		}
	})
}

// The same reader on the parts of a sheet, where a fuzzer of whole zip files
// seldom gets: a cell's text and a sheet's XML.
func FuzzReadSheet(f *testing.F) {
	parts := rawParts(f, writeTender(f, testTender(f, "nb", 2)))
	const table, hidden = "xl/worksheets/sheet2.xml", "xl/worksheets/sheet7.xml"
	if !strings.Contains(parts[hidden], "payload-sha256") {
		f.Fatal("the hidden sheet is another")
	}
	f.Add(parts[table], parts[hidden])
	f.Add(`<worksheet><sheetData><row r="1"><c r="A0"><v>1</v></c><c r="ZZZZZZ1" t="b"><f>1</f></c></row></sheetData></worksheet>`, `<worksheet/>`)
	rd := NewReader(testBundle(f), fuzzLimits())
	f.Fuzz(func(t *testing.T, sheetXML, hiddenXML string) {
		var list []part
		for n, c := range parts {
			switch n {
			case table:
				c = sheetXML
			case hidden:
				c = hiddenXML
			}
			list = append(list, part{n, c})
		}
		data := zipOf(t, list...)
		if _, err := rd.Tender(bytes.NewReader(data), int64(len(data)), nil); err != nil && problem.KindOf(err) == problem.Internal {
			t.Errorf("%v", err)
		}
	})
}
