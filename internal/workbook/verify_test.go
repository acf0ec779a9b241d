package workbook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

func TestUntouchedWorkbooks(t *testing.T) {
	buyer, forBidder, trust := sealed(t, "nb", 12)
	for name, data := range map[string][]byte{"buyer's": buyer, "bidder's": forBidder, "buyer's, saved": save(t, openBook(t, buyer)), "bidder's, saved": save(t, openBook(t, forBidder))} {
		v := verify(t, data, trust)
		if v.Verdict != Untouched || len(v.Findings) > 0 || v.Compared < 200 {
			t.Errorf("%s: %s after %d cells: %v", name, v.Verdict, v.Compared, told(v))
		}
		for _, d := range v.Declarations {
			if d.Logged != Holds || d.Signed != Holds || d.SupplierName == "" || d.Key == "" || d.ValidUntil.IsZero() {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

// Bidders of the same name are told apart by where they stand.
func TestBiddersOfTheSameName(t *testing.T) {
	n := newNotary(t)
	tender := n.seal(withManyBidders(testTender(t, "nb", 8), 8))
	v := verify(t, writeTender(t, tender), n.trust(tender))
	if v.Verdict != Untouched || len(v.Declarations) != 6 || !slices.ContainsFunc(v.Checks, func(c SealCheck) bool { return c.Name == CheckAnswers && c.Result == Holds }) {
		t.Errorf("%s: %v", v.Verdict, told(v))
	}
}

// Without keys the answer says what it does not know.
func TestVerifyWithoutKeys(t *testing.T) {
	buyer, _, trust := sealed(t, "nb", 6)
	for _, tt := range []struct {
		name  string
		trust Trust
		want  []string
	}{
		{"nothing", Trust{}, []string{"service unchecked workbook.unproved.no-service-key", "released unchecked workbook.unproved.set-unknown", "logged unchecked workbook.unproved.no-log-key", "answers unchecked workbook.unproved.answers-unlogged"}},
		{"only the log", Trust{Log: trust.Log, Catalogue: trust.Catalogue}, []string{"service unchecked workbook.unproved.no-service-key"}},
		{"only the service", Trust{Service: trust.Service, Catalogue: trust.Catalogue}, []string{"logged unchecked workbook.unproved.no-log-key", "answers unchecked workbook.unproved.answers-unlogged"}},
	} {
		v := verify(t, buyer, tt.trust)
		if diff := cmp.Diff(tt.want, told(v)); diff != "" || v.Verdict != Consistent {
			t.Errorf("%s: %s\n%s", tt.name, v.Verdict, diff)
		}
	}
}

func TestVerifyNamesWhatWasAltered(t *testing.T) {
	buyer, forBidder, trust := sealed(t, "nb", 12)
	text := "Krav"
	for _, tt := range []struct {
		name   string
		of     []byte
		change func(f *excelize.File)
		want   []string
	}{
		{"a requirement's text", forBidder, func(f *excelize.File) { set(t, f, text, "D7", "Noe annet") }, []string{"altered Krav!D7"}},
		{"a requirement's id", forBidder, func(f *excelize.File) { set(t, f, text, "A7", "K-STYRING-02") }, []string{"altered Krav!A7"}},
		{"a type", forBidder, func(f *excelize.File) { set(t, f, text, "E5", "B") }, []string{"altered Krav!E5"}},
		{"a weight where there was none", forBidder, func(f *excelize.File) { set(t, f, text, "G5", "30") }, []string{"altered Krav!G5"}},
		{"a heading", forBidder, func(f *excelize.File) { set(t, f, text, "F4", "Valgfritt") }, []string{"altered Krav!F4"}},
		{"a documentation demand is emptied", forBidder, func(f *excelize.File) { set(t, f, text, "F6", "") }, []string{"altered Krav!F6"}},
		{"a title", forBidder, func(f *excelize.File) { set(t, f, text, "A1", "Ønsker") }, []string{"altered Krav!A1"}},
		{"a status", buyer, func(f *excelize.File) { set(t, f, "Leverandørstatus", "E6", "✓ Gyldig") }, []string{"altered Leverandørstatus!E6"}},
		{"a log index", buyer, func(f *excelize.File) { must(t, f.SetCellInt("Leverandørstatus", "J5", 7)) }, []string{"altered Leverandørstatus!J5"}},
		{"a digest in the guide", forBidder, func(f *excelize.File) { set(t, f, "Veiledning", cellWith(t, f, "Veiledning", "sha256 "), "sha256 0") }, []string{"altered Veiledning!" + cellWith(t, openBook(t, forBidder), "Veiledning", "sha256 ")}},
		{"an answer compared", buyer, func(f *excelize.File) { set(t, f, "Sammenligning", "G20", "✓ Oppfylt") }, []string{"altered Sammenligning!G20"}},
		{"two bidders' names change places", buyer, func(f *excelize.File) {
			a, _ := f.GetCellValue("Sammenligning", "D4")
			b, _ := f.GetCellValue("Sammenligning", "E4")
			set(t, f, "Sammenligning", "D4", b)
			set(t, f, "Sammenligning", "E4", a)
		}, []string{"altered Sammenligning!D4", "altered Sammenligning!E4"}},
		{"a row is deleted", forBidder, func(f *excelize.File) { must(t, f.RemoveRow(text, 8)) }, []string{"row-gone Krav!A8"}},
		{"a row is added", forBidder, func(f *excelize.File) { set(t, f, text, "A30", "K-NY-01"); set(t, f, text, "D30", "Nytt krav") }, []string{"added Krav!A30"}},
		{"a line is added to the guide", forBidder, func(f *excelize.File) { set(t, f, "Veiledning", "B3", "Alt er frivillig") }, []string{"added Veiledning!B3"}},
		{"a formula that shows the same", forBidder, func(f *excelize.File) { must(t, f.SetCellFormula(text, "E6", `"A"`)); set2(t, f, text, "E6") }, []string{"formula Krav!E6"}},
		{"a sheet is deleted", buyer, func(f *excelize.File) { must(t, f.DeleteSheet("Leverandørstatus")) }, []string{"sheet-gone Leverandørstatus"}},
		{"a column is deleted", forBidder, func(f *excelize.File) { must(t, f.RemoveCol("Tiltak og hjemler", "C")) }, []string{"column-gone Tiltak og hjemler!C4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := openBook(t, tt.of)
			tt.change(f)
			v := verify(t, save(t, f), trust)
			var got []string
			for _, l := range told(v) {
				if !strings.HasPrefix(l, CheckCells+" ") && !strings.HasPrefix(l, CheckReleased+" ") {
					got = append(got, l)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || v.Verdict != Altered {
				t.Errorf("%s (-want +got):\n%s", v.Verdict, diff)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// set2 gives a formula's cell the value that it shows.
func set2(t testing.TB, f *excelize.File, sheet, cell string) {
	t.Helper()
	v, err := f.CalcCellValue(sheet, cell)
	if err != nil || v == "" {
		t.Fatal(v, err)
	}
}

// cellWith finds the first cell that holds a text.
func cellWith(t testing.TB, f *excelize.File, sheet, part string) string {
	t.Helper()
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		for c, s := range r {
			if strings.Contains(s, part) {
				return at(c+1, i+1)
			}
		}
	}
	t.Fatalf("no cell of %s has %q", sheet, part)
	return ""
}

// What was there is told, also where the seal has only a digest of it.
func TestVerifyTellsWhatItWas(t *testing.T) {
	_, forBidder, trust := sealed(t, "nb", 12)
	f := openBook(t, forBidder)
	was := map[string]string{}
	for _, c := range []string{"D7", "E5", "F5"} {
		s, err := f.GetCellValue("Krav", c)
		must(t, err)
		was["Krav!"+c] = foldSpace(s)
		set(t, f, "Krav", c, "x")
	}
	v := verify(t, save(t, f), trust)
	if len(v.Findings) != 3 {
		t.Fatal(told(v))
	}
	for _, x := range v.Findings {
		if !x.WasKnown || foldSpace(x.Was) != was[x.Path()] || x.Now != "x" || x.Row == "" || x.Column == "" {
			t.Errorf("%+v, want it to have been %q", x, was[x.Path()])
		}
	}
}

// Sorting a table, moving its columns and inserting rows above it alters
// nothing.
func TestMovedRowsAndColumns(t *testing.T) {
	buyer, forBidder, trust := sealed(t, "nb", 12)
	for _, tt := range []struct {
		name   string
		of     []byte
		change func(f *excelize.File)
	}{
		{"rows change places", forBidder, func(f *excelize.File) { exchangeRows(t, f, "Krav", 5, 11, 11) }},
		{"rows of the comparison change places", buyer, func(f *excelize.File) { exchangeRows(t, f, "Sammenligning", 17, 20, 7) }},
		{"columns change places", forBidder, func(f *excelize.File) { exchangeColumns(t, f, "Krav", 2, 6, 4, 16) }},
		{"bidders change places", buyer, func(f *excelize.File) { exchangeColumns(t, f, "Sammenligning", 4, 6, 4, 27) }},
		{"a row is inserted above", forBidder, func(f *excelize.File) { must(t, f.InsertRows("Krav", 1, 2)) }},
		{"a column is inserted before", forBidder, func(f *excelize.File) { must(t, f.InsertCols("Krav", "A", 1)) }},
		{"white space differs", forBidder, func(f *excelize.File) {
			s, err := f.GetCellValue("Krav", "D7")
			must(t, err)
			set(t, f, "Krav", "D7", "  "+strings.ReplaceAll(s, " ", "\n ")+"\n")
		}},
		{"a number becomes a text", buyer, func(f *excelize.File) {
			s, err := f.GetCellValue("Leverandørstatus", "J5")
			must(t, err)
			set(t, f, "Leverandørstatus", "J5", s+".0")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := openBook(t, tt.of)
			tt.change(f)
			if v := verify(t, save(t, f), trust); v.Verdict != Untouched {
				t.Errorf("%s: %v", v.Verdict, told(v))
			}
		})
	}
}

func exchangeRows(t testing.TB, f *excelize.File, sheet string, a, b, width int) {
	t.Helper()
	for c := 1; c <= width; c++ {
		swap(t, f, sheet, at(c, a), at(c, b))
	}
}

func exchangeColumns(t testing.TB, f *excelize.File, sheet string, a, b, from, to int) {
	t.Helper()
	for r := from; r <= to; r++ {
		swap(t, f, sheet, at(a, r), at(b, r))
	}
}

func swap(t testing.TB, f *excelize.File, sheet, a, b string) {
	t.Helper()
	x, err := f.GetCellValue(sheet, a)
	must(t, err)
	y, err := f.GetCellValue(sheet, b)
	must(t, err)
	set(t, f, sheet, a, y)
	set(t, f, sheet, b, x)
}

// What a bidder fills in is not official. An answer it changed is named as
// differing from the declaration, and that is no alteration.
func TestVerifyTellsWhatBiddersWrote(t *testing.T) {
	_, forBidder, trust := sealed(t, "nb", 12)
	f := openBook(t, forBidder)
	set(t, f, "Krav", "H6", "Ikke oppfylt") // it was met
	set(t, f, "Krav", "I7", "Noe annet enn det vi signerte.")
	set(t, f, "Krav", "K8", "Forbehold")
	set(t, f, "Krav", "M2", "Husk å spørre om dette")
	_, err := f.NewSheet("Notater")
	must(t, err)
	v := verify(t, save(t, f), trust)
	if v.Verdict != Untouched || v.Filled != 1 {
		t.Errorf("%s, %d filled", v.Verdict, v.Filled)
	}
	want := []string{"deviates Krav!H6", "deviates Krav!I7", "outside Krav!M2", "new-sheet Notater"}
	if diff := cmp.Diff(want, told(v)); diff != "" {
		t.Error(diff)
	}
	i := slices.IndexFunc(v.Findings, func(f Finding) bool { return f.Cell == "H6" })
	if got := v.Findings[i]; got.Was != "Oppfylt" || got.Now != "Ikke oppfylt" || got.Key() != "workbook.finding.deviates" {
		t.Errorf("%+v", got)
	}
	// Another word for the same answer is the same answer.
	f = openBook(t, forBidder)
	set(t, f, "Krav", "H6", "ja")
	if v := verify(t, save(t, f), trust); len(v.Findings) > 0 {
		t.Error(told(v))
	}
}

// Whoever can edit the file can edit the hidden sheet too. What they cannot do
// is sign.
func TestForgedSeals(t *testing.T) {
	buyer, forBidder, trust := sealed(t, "nb", 6)
	other := newNotary(t)
	otherKey, err := other.verifier.PublicKey()
	must(t, err)
	otherBuyer := writeTender(t, other.seal(withBidders(testTender(t, "nb", 6))))
	forge := func(data []byte, change func(s *seal, f *excelize.File)) []byte {
		f := openBook(t, data)
		s, err := parseSeal([]byte(hiddenPart(t, data, partSeal)))
		must(t, err)
		change(s, f)
		raw, err := signing.Canonical(s)
		must(t, err)
		setPart(t, f, partSeal, string(raw))
		setPart(t, f, partSealSum, signing.Digest(raw))
		return save(t, f)
	}
	text := func(s *seal, sheet, cell, now string) { // in the seal as in the cell
		col, row, err := excelize.CellNameToCoordinates(cell)
		must(t, err)
		place := slices.Index(s.Texts, any(":"+foldSpace(now))) + 1
		if place == 0 {
			s.Texts = append(s.Texts, ":"+foldSpace(now))
			place = len(s.Texts)
		}
		for _, sh := range s.Sheets {
			for _, r := range sh.Rows {
				if sh.Name != sheet || r.Row != row {
					continue
				}
				if c := &r.Cells[col-1]; *c < 0 {
					*c = -1 - place
				} else {
					*c = place
				}
			}
		}
	}
	altered := forge(forBidder, func(s *seal, f *excelize.File) {
		set(t, f, "Krav", "D6", "Et lettere krav")
		text(s, "Krav", "D6", "Et lettere krav")
	})
	in, notMet := "Kvalifikasjonskrav", cellWith(t, openBook(t, forBidder), "Kvalifikasjonskrav", "Ikke oppfylt")
	answer := forge(forBidder, func(s *seal, f *excelize.File) {
		set(t, f, in, notMet, "Oppfylt")
		text(s, in, notMet, "Oppfylt")
	})
	compared := forge(buyer, func(s *seal, f *excelize.File) {
		now := "✗ Ikke oppfylt " + testBundle(t).In("nb").T("answer-source.declaration")
		set(t, f, "Sammenligning", "D16", now)
		text(s, "Sammenligning", "D16", now)
	})
	noKey := Trust{Log: trust.Log, Catalogue: trust.Catalogue}
	wrong := trust
	wrong.Service = &otherKey
	gone := openBook(t, buyer)
	must(t, gone.DeleteSheet(hiddenSheet))
	unsigned := openBook(t, buyer)
	setPart(t, unsigned, partSignature, "")
	borrowed := openBook(t, altered)
	setPart(t, borrowed, partSignature, hiddenPart(t, otherBuyer, partSignature))
	remapped := openBook(t, buyer)
	setPart(t, remapped, "payload", strings.Replace(hiddenPart(t, buyer, "payload"), `"valid"`, `"expired"`, 1))
	for _, tt := range []struct {
		name    string
		data    []byte
		trust   Trust
		verdict Verdict
		want    []string
	}{
		{"a requirement, in the seal too", altered, trust, Altered, []string{"service fails workbook.unproved.signature-wrong", "released fails workbook.unproved.texts-other", "not-released Krav!D6"}},
		{"the same without the service's key", altered, noKey, Altered, []string{"service unchecked workbook.unproved.no-service-key", "released fails workbook.unproved.texts-other", "not-released Krav!D6"}},
		{"an answer, in the seal too", answer, noKey, Altered, []string{"service unchecked workbook.unproved.no-service-key", "answers fails workbook.unproved.answers-other", "not-signed " + in + "!" + notMet}},
		{"an answer compared, in the seal too", compared, noKey, Altered, []string{"service unchecked workbook.unproved.no-service-key", "answers fails workbook.unproved.answers-other", "not-signed Sammenligning!D16"}},
		{"another service's key", buyer, wrong, Altered, []string{"service fails workbook.unproved.signature-wrong"}},
		{"another service's signature", save(t, borrowed), trust, Altered, []string{"service fails workbook.unproved.signature-wrong", "released fails workbook.unproved.texts-other", "not-released Krav!D6"}},
		{"the signature is gone", save(t, unsigned), trust, Altered, []string{"service fails workbook.unproved.no-signature"}},
		{"the row map", save(t, remapped), trust, Altered, []string{"sealed fails workbook.unproved.map-altered"}},
		{"the hidden sheet is gone", save(t, gone), trust, Unproved, []string{"sealed unchecked workbook.unproved.no-seal"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := verify(t, tt.data, tt.trust)
			if diff := cmp.Diff(tt.want, told(v)); diff != "" || v.Verdict != tt.verdict {
				t.Errorf("%s, want %s (-want +got):\n%s", v.Verdict, tt.verdict, diff)
			}
		})
	}
}

// Proofs and declarations that are not what they should be are refused one by
// one.
func TestForgedDeclarations(t *testing.T) {
	n := newNotary(t)
	tender := n.seal(withBidders(testTender(t, "nb", 6)))
	trust := n.trust(tender)
	other := newNotary(t)
	for name, tt := range map[string]struct {
		change func(p []attestation.Proved)
		want   string
	}{
		"index": {func(p []attestation.Proved) { p[0].Log.Index++ }, "proof-wrong"},
		"hash": {func(p []attestation.Proved) {
			p[0].Log.Hashes = slices.Clone(p[0].Log.Hashes)
			p[0].Log.Hashes[0] = make([]byte, 32)
		}, "proof-wrong"},
		"short hash":        {func(p []attestation.Proved) { p[0].Log.RootHash = []byte{1} }, "proof-wrong"},
		"checkpoint":        {func(p []attestation.Proved) { p[0].Log.Checkpoint += "x" }, "proof-wrong"},
		"another entry":     {func(p []attestation.Proved) { p[0].Log = p[1].Log }, "bundle-signature"},
		"another statement": {func(p []attestation.Proved) { p[0].Bundle = p[1].Bundle }, "bundle-other"},
		"no bundle at all":  {func(p []attestation.Proved) { p[0].Bundle = []byte(`{}`) }, "bundle-damaged"},
		"signed by another": {func(p []attestation.Proved) { p[0].Bundle = resign(t, other, p[0].Bundle) }, "bundle-signature"},
	} {
		t.Run(name, func(t *testing.T) {
			x, s := tender, *tender.Seal
			s.Declarations = slices.Clone(s.Declarations)
			x.Seal = &s
			tt.change(s.Declarations)
			v := verify(t, writeTender(t, x), trust)
			d := v.Declarations[0]
			if d.Problem != "workbook.unproved."+tt.want || d.Logged == Holds && d.Signed == Holds || v.Verdict != Altered {
				t.Errorf("%s: %+v", v.Verdict, d)
			}
		})
	}
	wrong := trust
	wrong.Log = other.trust(tender).Log
	if v := verify(t, writeTender(t, tender), wrong); v.Verdict == Altered {
		t.Log("both logs of this test have the same key")
	}
}

func resign(t testing.TB, n *notary, bundle []byte) []byte {
	t.Helper()
	b, err := signing.ParseBundle(bundle)
	must(t, err)
	out, err := signing.SignBundle(t.Context(), n.suppliers, b.Payload)
	must(t, err)
	return out
}

// loaded is a workbook that was opened once, to be verified many times with
// other cells.
type loaded struct {
	file  *excelize.File
	parts hiddenParts
	rows  map[string][][]string
}

func load(t testing.TB, data []byte) loaded {
	t.Helper()
	l := loaded{file: openBook(t, data), rows: map[string][][]string{}}
	var err error
	l.parts, err = readHidden(l.file, 20_000)
	must(t, err)
	for _, name := range l.file.GetSheetList() {
		if name != hiddenSheet {
			l.rows[name], err = readRows(l.file, name, 20_000)
			must(t, err)
		}
	}
	return l
}

// verify verifies it with the given cells in place of those it has.
func (l loaded) verify(t testing.TB, rd *Reader, trust Trust, cells map[target]string) Verification {
	t.Helper()
	v := newVerifying(rd, trust, l.file)
	v.parts = l.parts
	for name, rows := range l.rows {
		rows = slices.Clone(rows)
		for c, now := range cells {
			if c.sheet != name {
				continue
			}
			row := make([]string, max(c.col, len(rows[c.row-1])))
			copy(row, rows[c.row-1])
			row[c.col-1] = now
			rows[c.row-1] = row
		}
		v.sheets[name] = &present{name: name, rows: rows}
	}
	must(t, v.run())
	v.out.Verdict = v.verdict()
	return v.out
}

func (l loaded) cell(c target) string {
	if row := l.rows[c.sheet][c.row-1]; c.col <= len(row) {
		return row[c.col-1]
	}
	return ""
}

type target struct {
	sheet    string
	col, row int
}

func (c target) path() string { return c.sheet + "!" + at(c.col, c.row) }

// Whatever official cells are changed, exactly those are named.
func TestEveryAlterationIsNamedAndNothingElse(t *testing.T) {
	buyer, forBidder, trust := sealed(t, "nn", 10)
	books := map[string]loaded{"buyer": load(t, buyer), "bidder": load(t, forBidder)}
	cells := map[string][]target{}
	for name, b := range books {
		s, err := parseSeal([]byte(b.parts[partSeal]))
		must(t, err)
		for _, sh := range s.Sheets {
			for _, r := range sh.Rows {
				for c, n := range r.Cells {
					if n >= 0 {
						cells[name] = append(cells[name], target{sh.Name, c + 1, r.Row})
					}
				}
			}
		}
	}
	rd := testReader(t)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"buyer", "bidder"}).Draw(rt, "book")
		b, changed, want := books[name], map[target]string{}, []string{}
		for range rapid.IntRange(0, 4).Draw(rt, "cells") {
			c := rapid.SampledFrom(cells[name]).Draw(rt, "cell")
			was := b.cell(c)
			now := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[A-Za-z0-9=+ æøå]{1,20}`), rapid.Just(was+"."), rapid.Just("✓ Oppfylt"),
				rapid.Custom(func(rt *rapid.T) string { // what stands somewhere else
					return b.cell(rapid.SampledFrom(cells[name]).Draw(rt, "from"))
				})).Draw(rt, "now")
			if _, done := changed[c]; !done && foldSpace(now) != foldSpace(was) {
				changed[c] = now
				want = append(want, c.path())
			}
		}
		v := b.verify(t, rd, trust, changed)
		got := []string{}
		for _, x := range v.Findings {
			if x.Class != ClassAltered {
				rt.Fatalf("%s %s", x.Class, x.Path())
			}
			got = append(got, x.Path())
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("-want +got:\n%s", diff)
		}
		if (len(want) > 0) != (v.Verdict == Altered) || len(want) == 0 && v.Verdict != Untouched {
			rt.Fatalf("%s with %d alterations", v.Verdict, len(want))
		}
	})
}

// Files from before there were seals, and answer sheets, are held against the
// released texts, and their answer says that this is all.
func TestVerifyWithoutASeal(t *testing.T) {
	for _, tt := range []struct {
		file, sheet, cell string
		requirements      int
	}{
		{"tender-format-1.xlsx", "Krav", "D6", 0}, {"answers-format-1.xlsx", "", "C6", 0},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", tt.file))
		must(t, err)
		v := verify(t, data, Trust{})
		if v.Verdict != Unproved || len(v.Findings) > 0 || v.Compared == 0 {
			t.Errorf("%s: %s, %d compared: %v", tt.file, v.Verdict, v.Compared, told(v))
		}
		f := openBook(t, data)
		sheet := tt.sheet
		if sheet == "" {
			sheet = f.GetSheetList()[1]
		}
		set(t, f, sheet, tt.cell, "Noe annet")
		v = verify(t, save(t, f), Trust{})
		if v.Verdict != Altered || len(v.Findings) != 1 || v.Findings[0].Path() != sheet+"!"+tt.cell {
			t.Errorf("%s: %s: %v", tt.file, v.Verdict, told(v))
		}
	}
}

func TestVerifyRefusesOtherFiles(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	set(t, f, "Sheet1", "A1", "Noe helt annet")
	data := save(t, f)
	_, err := testReader(t).Verify(strings.NewReader(string(data)), int64(len(data)), Trust{})
	if err == nil || !strings.Contains(fmt.Sprint(err), "workbook.error.not-ours") {
		t.Errorf("error is %v", err)
	}
}

// What exceljs and openpyxl saved, of workbooks made by a service whose keys
// are beside them, is what the service made.
func TestWhatOtherProgramsSavedIsUntouched(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", "sealed", name))
		must(t, err)
		return data
	}
	log, err := transparency.NewVerifier(string(read("log.key")))
	must(t, err)
	service, err := signing.ParsePublicKey(read("service.pem"))
	must(t, err)
	for file, cells := range map[string]int{"buyer-exceljs.xlsx": 600, "bidder-openpyxl.xlsx": 250} {
		v := verify(t, read(file), Trust{Log: log, Service: &service})
		want := []string{"released unchecked workbook.unproved.set-unknown"} // invented requirements
		if diff := cmp.Diff(want, told(v)); diff != "" || v.Verdict != Consistent || v.Compared < cells {
			t.Errorf("%s: %s after %d cells\n%s", file, v.Verdict, v.Compared, diff)
		}
	}
}
