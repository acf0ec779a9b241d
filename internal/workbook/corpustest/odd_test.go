package corpustest_test

import (
	"archive/zip"
	"io"
	"path"
	"regexp"
	"testing"

	"felleskrav/internal/workbook/corpustest"
)

const (
	anySheet = "xl/worksheets/*.xml"
	sheet1   = "xl/worksheets/sheet1.xml"
	book     = "xl/workbook.xml"
)

// odd says what must really be in the files for the sake of which they are in
// the corpus: in some part with this name, this pattern. A pattern that begins
// with "!" must be in none.
var odd = []struct{ file, part, pattern string }{
	{"openpyxl/enkel", anySheet, `<pane [^>]*state="frozen"`},
	{"openpyxl/enkel", anySheet, `<autoFilter `},
	{"openpyxl/enkel", anySheet, `<mergeCell ref="A1:G1"`},
	{"openpyxl/enkel", "xl/sharedStrings.xml", `!<si>`},
	{"openpyxl/bilag", anySheet, `<sheetProtection [^>]*sheet="1"`},
	{"openpyxl/bilag", "xl/styles.xml", `<protection locked="0"`},
	{"openpyxl/bilag", anySheet, `<mergeCell ref="A4:C4"`},
	{"openpyxl/midt-paa", anySheet, `<col [^>]*hidden="1"`},
	{"openpyxl/midt-paa", anySheet, `<row [^>]*hidden="1"`},
	{"openpyxl/midt-paa", anySheet, `<row [^>]*outlineLevel="1"`},
	{"openpyxl/midt-paa", book, `_xlnm.Print_Area`},
	{"openpyxl/midt-paa", book, `_xlnm.Print_Titles`},
	{"openpyxl/midt-paa", book, `name="Svarfelt"`},
	{"openpyxl/temarader", anySheet, `<iconSet `},
	{"openpyxl/temarader", anySheet, `<dataBar`},
	{"openpyxl/temarader", "xl/comments/*.xml", `<comment `},
	{"openpyxl/listeobjekt", "xl/tables/*.xml", `<tableStyleInfo `},
	{"openpyxl/listeobjekt", book, `state="veryHidden"`},
	{"openpyxl/listeobjekt", anySheet, `<formula1>Lister!`},
	{"openpyxl/formler", sheet1, `<f t="shared" ref="G5:G24" si="0">`},
	{"openpyxl/formler", sheet1, `<f t="shared" si="0"\s*/>`},
	{"openpyxl/formler", anySheet, `<f t="array" ref="B3">`},
	{"openpyxl/formler", anySheet, `SUMPRODUCT\(&?'Krav og svar'!`},
	{"openpyxl/formler", "xl/charts/*.xml", `barChart`},
	{"openpyxl/engelsk", anySheet, `<hyperlink `},
	{"openpyxl/vaare-id", sheet1, `xml:space="preserve"> K-STYRING-01 <`},
	{"openpyxl/mac", book, `date1904="1"`},
	{"openpyxl/uten-r", sheet1, `<row><c s="`},
	{"openpyxl/uten-r", sheet1, `!<(row|c) [^>]*\br="`},
	{"openpyxl/delnavn", "xl/worksheets/forside.xml", `<sheetData>`},
	{"openpyxl/delnavn", "customXml/item1.xml", `urn:oppdiktet`},
	{"openpyxl/delnavn", "docProps/custom.xml", `Saksnummer`},
	{"openpyxl/prefiks", sheet1, `<x:sheetData>`},
	{"openpyxl/prefiks", "xl/*.xml", `!<(workbook|styleSheet) `},
	{"exceljs/rik-tekst", "xl/sharedStrings.xml", `<si><r>`},
	{"exceljs/rik-tekst", "xl/media/*", `PNG`},
	{"exceljs/rik-tekst", "xl/comments*.xml", `<comment `},
	{"exceljs/laast", sheet1, `<sheetProtection [^>]*hashValue=`},
	{"exceljs/laast", "xl/styles.xml", `!locked="0"`},
	{"exceljs/flere-ark", book, `name="Krav &apos;sikkerhet&apos; &amp; drift"`},
	{"exceljs/flere-ark", anySheet, `COUNTIF\(&apos;Krav &apos;&apos;sikkerhet`},
	{"exceljs/stroem", sheet1, `<c r="B3" t="str"><v>`},
	{"exceljs/tall-id", sheet1, `<c r="A5" s="\d+"><v>4\.1</v>`},
	{"exceljs/tabellobjekt", "xl/tables/*.xml", `totalsRowCount="1"`},
	{"exceljs/tabellobjekt", "xl/styles.xml", `<color theme=`},
	{"exceljs/tabellobjekt", sheet1, `<colorScale>`},
	{"exceljs/tomme-rader", sheet1, `!<c r="E7"`},
	{"exceljs/engelsk-grupper", sheet1, `<mergeCell ref="B3:B4"`},
	{"excelize/pivot", "xl/pivotTables/*.xml", `<pivotTableDefinition `},
	{"excelize/pivot", "xl/charts/*.xml", `chart`},
	{"excelize/strengt", book, `purl.oclc.org/ooxml/spreadsheetml/main`},
	{"excelize/eksport", sheet1, `t="inlineStr"`},
	{"excelize/bilder", sheet1, `x14:sparkline`},
	{"excelize/bilder", "xl/media/*", `PNG`},
	{"excelize/slicer", "xl/slicers/*.xml", `<slicer `},
	{"excelize/slicer", sheet1, `<formula1>JaNei`},
	{"excelize/egenskaper", "docProps/custom.xml", `Saksnummer`},
	{"excelize/egenskaper", sheet1, `<row [^>]*hidden="(1|true)"`},
	{"excelize/evaluering", sheet1, `<f>IF\(E4=`},
	{"libreoffice/formler-lagret", anySheet, `<f aca="false"`},
	{"libreoffice/nynorsk-fods", sheet1, `<dataValidation `},
	{"libreoffice/nynorsk-fods", sheet1, `<sheetProtection `},
	{"libreoffice/eksport-csv", sheet1, `<c r="A2"[^>]*><v>1</v>`},
	{"libreoffice/temarader-xls", sheet1, `<conditionalFormatting `},
	{"libreoffice/pivot-ods", "xl/pivotTables/*.xml", `<pivotTableDefinition `},
}

func TestOddThingsAreThere(t *testing.T) {
	for _, o := range odd {
		want := o.pattern[0] != '!'
		pattern := o.pattern
		if !want {
			pattern = pattern[1:]
		}
		match, parts := regexp.MustCompile(pattern), archive(t, o.file)
		found := false
		for _, f := range parts.File {
			if ok, err := path.Match(o.part, f.Name); err != nil || !ok {
				continue
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			found = found || match.Match(data)
		}
		if found != want {
			t.Errorf("%s: %s in %s is %v", o.file, o.pattern, o.part, found)
		}
	}
}

// Zip entries may be stored as they are, and may have their length after them.
func TestOddZipEntriesAreThere(t *testing.T) {
	for _, f := range archive(t, "openpyxl/delnavn").File {
		if f.Method != zip.Store {
			t.Errorf("delnavn: %s is compressed", f.Name)
		}
	}
	for _, f := range archive(t, "openpyxl/mac").File {
		if f.Flags&8 == 0 {
			t.Errorf("mac: %s has no data descriptor", f.Name)
		}
	}
	for _, f := range archive(t, "openpyxl/enkel").File {
		if f.Method != zip.Deflate || f.Flags&8 != 0 {
			t.Errorf("enkel: %s is not as usual", f.Name)
		}
	}
}

func archive(t *testing.T, name string) *zip.ReadCloser {
	t.Helper()
	z, err := zip.OpenReader(corpustest.Get(t, name).Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close() })
	return z
}
