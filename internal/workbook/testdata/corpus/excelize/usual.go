package main

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

var books = []book{
	{"pivot", "Kravtabell som kilde for en pivottabell og et diagram i et eget ark; vekt og poeng med SUMPRODUCT; A/B uten forklaring.", pivot},
	{"strengt", "Lagret i det strenge formatet (ISO/IEC 29500 Strict) med andre navnerom; Må/Bør; låst ark med åpne svarceller.", strictBook},
	{"eksport", "600 krav skrevet strømmende av et annet system: topprad i rad 1, ingen svarceller; Absolutt/Evalueres/Informasjon.", streamed},
	{"gjentatt", "Toppraden gjentas over hvert tema, så det er fire tabeller under hverandre; sideskift; M/B uten forklaring.", repeated},
	{"bilder", "Bilde, tekstboks, merknad, minidiagram, lenke, stolper og ikoner; A/B forklart over tabellen.", pictured},
	{"slicer", "Excel-tabell som begynner i B10, med slicer, nedtrekk fra et navngitt område i et skjult ark; Må/Bør/Kan.", sliced},
	{"egenskaper", "To kravark med temarader, skjulte og grupperte rader, filter, utskriftstitler, dokumentegenskaper og egen XML-del; koden er forklart i overskriften.", properties},
	{"engelsk", "Engelsk matrise fra C5 med A/B/C forklart i et eget ark; vekt til høyre for svaret.", english},
	{"evaluering", "Todelt topprad med «Oppdragsgiver fyller ut», «Leverandør fyller ut» og «Evaluering»; poengformler; ark låst med passord og åpne svarceller.", mixed},
	{"referanser", "Referanseskjema uten krav, med overskriftene Nr., Beskrivelse og Kommentar.", references},
	{"ekstern-lenke", "Kravtabell med lenke til en annen arbeidsbok.", linked},
	{"innbygd", "Kravtabell med et innbygd Word-dokument.", embedded},
}

func dotted(t, n, _ int, _ string) any { return fmt.Sprintf("%d.%d", t, n) }

func pivot(w *writer) []change {
	sheet := w.sheet("Krav")
	data := w.rows("nb", []string{"saksbehandling", "K-TILGANG", "K-KRYPTO", "drift"}, []string{"A", "B", "B"}, dotted)
	t := w.write(sheet, 2, 1, []column{
		{"id", "Krav nr."}, {"theme", "Tema"}, {"text", "Krav"}, {"type", "Kravtype"}, {"weight", "Vekt"}, {"met", "Oppfylt"}, {"answer", "Leverandørens svar"}, {"points", "Poeng"},
	}, data, options{codes: "ask"})
	w.set(sheet, "A1", "Oppdiktet direktorat – kravspesifikasjon")
	w.choose(t, "met", "Ja", "Nei", "Delvis")
	w.formula(sheet, fmt.Sprintf("E%d", t.Last+1), fmt.Sprintf("SUM(E%d:E%d)", t.First, t.Last))
	w.formula(sheet, fmt.Sprintf("H%d", t.Last+1), fmt.Sprintf("SUMPRODUCT(E%d:E%d,H%[1]d:H%d)/E%d", t.First, t.Last, t.Last+1))
	sum := w.sheet("Oppsummering")
	w.fail(w.f.AddPivotTable(&excelize.PivotTableOptions{
		DataRange: fmt.Sprintf("%s!A2:H%d", sheet, t.Last), PivotTableRange: sum + "!A3:E20",
		Rows: []excelize.PivotTableField{{Data: "Tema", DefaultSubtotal: true}}, Columns: []excelize.PivotTableField{{Data: "Kravtype"}},
		Data: []excelize.PivotTableField{{Data: "Vekt", Name: "Sum vekt", Subtotal: "Sum"}}, RowGrandTotals: true, ColGrandTotals: true, ShowDrill: true,
	}))
	w.fail(w.f.AddChart(sum, "H3", &excelize.Chart{
		Type: excelize.Col, Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: "Vekt per krav"}}},
		Series: []excelize.ChartSeries{{Name: sheet + "!$E$2", Categories: fmt.Sprintf("%s!$A$%d:$A$%d", sheet, t.First, t.Last), Values: fmt.Sprintf("%s!$E$%d:$E$%d", sheet, t.First, t.Last)}},
	}))
	return nil
}

func strictBook(w *writer) []change {
	sheet := w.sheet("Kravspesifikasjon")
	w.set(sheet, "B2", "Kravspesifikasjon for Oppdiktet helseforetak")
	w.fail(w.f.MergeCell(sheet, "B2", "G2"))
	data := w.rows("nb", []string{"bruk", "K-PERSONVERN", "K-HENDELSE", "opplæring"}, []string{"Må", "Bør"}, func(t, n, _ int, _ string) any { return fmt.Sprintf("SIK-%c%02d", 'A'+t-1, n) })
	t := w.write(sheet, 4, 2, []column{
		{"id", "ID"}, {"text", "Kravtekst"}, {"type", "Type"}, {"instruction", "Dokumentasjonskrav"}, {"met", "Ja/Nei/Delvis"}, {"answer", "Leverandørens beskrivelse"},
	}, data, options{codes: map[string]string{"Må": "minimum", "Bør": "should"}})
	w.choose(t, "met", "Ja", "Nei", "Delvis")
	w.fail(w.f.ProtectSheet(sheet, &excelize.SheetProtectionOptions{FormatRows: true, SelectLockedCells: true, SelectUnlockedCells: true}))
	return []change{strict}
}
