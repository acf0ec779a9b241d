package workbook

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
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
			if _, ok := known[a.Requirement]; !ok || a.Status == "" {
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

// Whatever the hidden sheet holds, a seal is refused or points at nothing that
// is not there, and verifying with it ends in an answer. What the service did
// not sign is never found untouched.
func FuzzSeal(f *testing.F) {
	buyer, forBidder, trust := sealed(f, "nb", 2)
	signed := map[string]bool{}
	for _, data := range [][]byte{buyer, forBidder} {
		doc, signature := hiddenPart(f, data, partSeal), hiddenPart(f, data, partSignature)
		signed[doc] = true
		f.Add(doc, signature)
	}
	f.Add(`{"format":1,"texts":[":a","#b",3],"sheets":[{"name":"Krav","header":1,"rows":[{"r":1,"c":[1,-2,0]},{"r":2000,"c":[3]}]}]}`, `{}`)
	f.Add(`{"format":1,"texts":[],"sheets":[],"checkpoints":[""],"declarations":[{"digest":"`+strings.Repeat("0", 64)+`","checkpoint":0,"bundle":true}]}`, ``)
	rd := NewReader(testBundle(f), fuzzLimits())
	book := openBook(f, buyer)
	real, err := readHidden(book, 2000)
	if err != nil {
		f.Fatal(err)
	}
	rows := map[string][][]string{}
	for _, name := range book.GetSheetList() {
		if rows[name], err = readRows(book, name, 2000); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, doc, signature string) {
		parts := maps.Clone(real)
		parts[partSeal], parts[partSignature] = doc, signature
		parts[partSealSum] = parts.sum(partSeal)
		v := newVerifying(rd, trust, book)
		v.parts = parts
		for name, r := range rows {
			v.sheets[name] = &present{name: name, rows: r}
		}
		if err := v.run(); err != nil {
			if problem.KindOf(err) == problem.Internal {
				t.Errorf("%v", err)
			}
			return
		}
		if got := v.verdict(); (got == Untouched || got == Consistent) && !signed[doc] {
			t.Errorf("%s by a seal that the service did not sign", got)
		}
	})
}

// Whatever stands in an evidence cell, what is found was uploaded and is found
// once, and the line that the sheet is made with finds its file.
func FuzzFiles(f *testing.F) {
	f.Add("rapport 1.pdf; plan; utkast.pdf", "plan; utkast.pdf")
	f.Add("x", strings.Repeat("a", 64)+".pdf")
	f.Add("a;b\nc sha256:"+strings.Repeat("0", 64), "; ;")
	f.Fuzz(func(t *testing.T, cell, name string) {
		uploaded := []attestation.EvidenceRef{
			{Name: name, Digest: attestation.DigestSet{SHA256: strings.Repeat("a1", 32)}},
			{Name: "rapport 1.pdf", Digest: attestation.DigestSet{SHA256: strings.Repeat("b2", 32)}},
		}
		read := AnswerReading{Evidence: map[string]string{"written": cell, "made": evidenceLine(uploaded[0])}}
		found, unknown := read.Files("written", uploaded)
		if len(found) > len(uploaded) || len(found) == 2 && found[0].Digest == found[1].Digest {
			t.Errorf("%q: found %v", cell, found)
		}
		for _, e := range found {
			if !slices.Contains(uploaded, e) {
				t.Errorf("%q: found %v, which was not uploaded", cell, e)
			}
		}
		for _, u := range unknown {
			if strings.TrimSpace(u) == "" || strings.Contains(u, "\n") {
				t.Errorf("%q: %q is unknown", cell, u)
			}
		}
		if strings.Count(name, ";") < joinedParts {
			if made, _ := read.Files("made", uploaded); !slices.Contains(made, uploaded[0]) {
				t.Errorf("%q: the line of %q finds %v", read.Evidence["made"], name, made)
			}
		}
	})
}
