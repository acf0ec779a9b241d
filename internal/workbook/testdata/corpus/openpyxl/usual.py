"""Workbooks as most of them look."""

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule, DataBarRule, IconSetRule
from openpyxl.styles import Font, Protection
from openpyxl.utils import get_column_letter as letter
from openpyxl.worksheet.table import Table, TableStyleInfo

from corpus import BODY, BOX, SUPPLIER, WRAP, Truth, choice, define, head, legend, made, rows, run, title, write


def enkel():
    t = Truth("enkel", "Ett kravark med sammenslått tittel, A/B forklart i et eget ark, nedtrekk, låst topprad og filter.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Kravtabell"
    title(ws, "Kravspesifikasjon nytt fagsystem", "A1:G1")
    data = rows("nb", ["saksbehandling", "K-TILGANG", "integrasjon", "K-KRYPTO"], "AABAB", lambda t, n, i, ours: f"{t}.{n}")
    table = write(
        t, ws, 5, 1,
        [("id", "Krav nr."), ("text", "Kravtekst"), ("type", "Type"), ("instruction", "Svarinstruks"), ("met", "Oppfylt"), ("answer", "Leverandørens svar"), ("comment", "Merknad")],
        data, codes={"A": "minimum", "B": "scored"},
    )
    choice(ws, "Ja,Nei,Delvis", f"E6:E{table['last']}")
    ws.freeze_panes = "C6"
    ws.auto_filter.ref = f"A5:G{table['last']}"
    legend(wb.create_sheet("Veiledning"), [
        ("A", "Absolutt krav. Må være oppfylt, ellers blir tilbudet avvist."), ("B", "Evalueringskrav. Svaret får poeng i evalueringen."),
        ("", "Skriv bare i de gule feltene. Kravtekst og nummer skal ikke endres."),
    ])
    t.save(wb)


def bilag():
    t = Truth("bilag", "SSA-bilag med forside, veiledning, to kravark og prisark; todelt topprad med «Kunden» over id og krav og «Leverandøren» over svar; låste ark der bare svarcellene er åpne; M/B uten forklaring.")
    wb = Workbook()
    front = wb.active
    front.title = "Forside"
    front["B2"], front["B4"], front["C4"], front["B5"], front["C5"], front["B6"] = "SSA-L Bilag 1 og 2", "Kunde", BODY, "Leverandør", SUPPLIER, "Dato"
    front["C6"] = made(15)
    front["C6"].number_format = "DD.MM.YYYY"
    guide = wb.create_sheet("Veiledning")
    guide["A1"] = "Alle krav skal besvares i tabellen. Lenker til egne nettsider erstatter ikke svaret."
    columns = [("id", "Krav-ID"), ("text", "Kundens krav"), ("type", "Type"), ("met", "Oppfylles"), ("answer", "Leverandørens besvarelse"), ("reference", "Vedlegg"), ("deviation", "Avvik/forbehold")]
    for no, (name, themes) in enumerate([("1 Funksjonelle krav", ["saksbehandling", "integrasjon", "bruk"]), ("2 Sikkerhet og personvern", ["K-STYRING", "K-TILGANG", "K-PERSONVERN"])], 1):
        ws = wb.create_sheet(name)
        title(ws, name, "A1:G1")
        for first, last, text in ((1, 3, "Kunden"), (4, 7, "Leverandøren")):
            head(ws, 4, first, [text] + [None] * (last - first))
            ws.merge_cells(start_row=4, end_row=4, start_column=first, end_column=last)
        head(ws, 5, 1, [h for _, h in columns])
        data = rows("nb", themes, "MMB", lambda t, n, i, ours, no=no: f"{no}-{t}.S.{n}")
        table = write(t, ws, 4, 1, columns, data, codes="ask", header=[4, 5])
        for row in ws.iter_rows(min_row=6, max_row=table["last"], min_col=4, max_col=7):
            for c in row:
                c.protection = Protection(locked=False)
        choice(ws, "J,N,D", f"D6:D{table['last']}")
        ws.protection.sheet = True
        ws.protection.formatRows = False
        ws.freeze_panes = "A6"
        ws.print_title_rows = "4:5"
        ws.page_setup.orientation = "landscape"
    price = wb.create_sheet("Prisskjema")
    head(price, 3, 1, ["Nr.", "Beskrivelse", "Antall", "Enhetspris", "Sum"])
    for i, text in enumerate(["Etablering", "Lisens per bruker", "Drift per måned", "Konsulenttime"], 1):
        for j, v in enumerate([i, text, 10 * i, 0, f"=C{3 + i}*D{3 + i}"], 1):
            price.cell(3 + i, j, v).border = BOX
    price["E8"] = "=SUM(E4:E7)"
    t.save(wb)


def midt_paa():
    t = Truth("midt-paa", "Tabellen begynner i D12; skjult kolonne og skjulte rader, grupperte rader, navngitte områder, utskriftsområde; Må/Bør/Kan.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Krav til løsningen"
    ws["D2"] = "Kravspesifikasjon"
    ws["D2"].font = Font(size=20, bold=True)
    ws["D4"], ws["F4"] = "Oppdragsgiver:", BODY
    ws["D5"], ws["F5"] = "Tilbyder:", ""
    ws["D7"] = "Tilbyder skal besvare alle krav. Bruk kolonne H og I."
    ws.merge_cells("D7:J9")
    ws["D7"].alignment = WRAP
    data = rows("nb", ["bruk", "K-LOGG", "drift", "K-HENDELSE"], ["Må", "Bør", "Må", "Kan"], lambda t, n, i, ours: i)
    table = write(
        t, ws, 12, 4,
        [("id", "Nr"), (None, "Intern vurdering"), ("text", "Kravbeskrivelse"), ("type", "Må/bør/kan"), ("met", "Ja/Nei"), ("answer", "Beskrivelse fra tilbyder"), ("reference", "Referanse til vedlegg")],
        data, codes={"Må": "minimum", "Bør": "should", "Kan": "optional"}, values=lambda role, row, r: "Ikke til tilbyder" if role is None else None,
    )
    ws.column_dimensions["E"].hidden = True
    ws.row_dimensions[15].hidden = ws.row_dimensions[16].hidden = True
    for r in range(20, 25):
        ws.row_dimensions[r].outlineLevel = 1
    ws.column_dimensions["J"].outlineLevel = 1
    choice(ws, "Ja,Nei", f"H13:H{table['last']}")
    define(wb, "Svarfelt", f"'Krav til løsningen'!$H$13:$I${table['last']}")
    ws.print_area = f"D2:J{table['last']}"
    ws.print_title_rows = "12:12"
    t.save(wb)


def to_tabeller():
    t = Truth("to-tabeller", "To kravtabeller under hverandre i samme ark med ulike topprader, sumrad under den første og merknader under den andre; skal/bør i egen kolonne.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Krav"
    title(ws, "Del A – funksjonelle krav", "B2:G2")
    one = write(
        t, ws, 5, 2, [("id", "Pkt."), ("text", "Krav"), ("type", "Skal/Bør"), ("weight", "Vekt"), ("met", "Svar (Ja/Nei/Delvis)"), ("answer", "Utdypning")],
        rows("nb", ["saksbehandling", "arkiv"], ["Skal", "Bør", "Skal"], lambda t, n, i, ours: f"A{i}"), codes={"Skal": "minimum", "Bør": "should"},
    )
    end = one["last"] + 1
    ws.cell(end, 3, "Sum vekt / antall Ja").font = Font(bold=True)
    ws.cell(end, 5, f"=SUM(E{one['first']}:E{one['last']})")
    ws.cell(end, 6, f'=COUNTIF(F{one["first"]}:F{one["last"]},"Ja")')
    top = end + 4
    ws.cell(top - 1, 2, "Del B – krav til sikkerhet").font = Font(bold=True, size=14)
    two = write(
        t, ws, top, 2, [("id", "Krav-ID"), ("text", "Kravtekst"), ("instruction", "Dokumentasjonskrav"), ("met", "Oppfylt?"), ("answer", "Leverandørens besvarelse"), ("deviation", "Forbehold")],
        rows("nb", ["K-DRIFT", "K-KJEDE"], ["A"], lambda t, n, i, ours: f"SIK-B{i:02}"),
    )
    for i, note in enumerate(["Merknad 1: Kravene i del B gjelder også underleverandører.", "Merknad 2: Alle frister regnes i kalenderdager hvis ikke annet er sagt."]):
        ws.cell(two["last"] + 2 + i, 2, note).font = Font(italic=True, size=9)
    t.save(wb)


def temarader():
    t = Truth("temarader", "Temarader slått sammen over hele tabellen mellom kravene, uten id; betinget formatering med ikoner, stolper og farger; merknader på celler; A/B/C forklart over tabellen.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Kravspesifikasjon"
    title(ws, "Kravspesifikasjon skytjeneste", "A1:H1")
    ws["A3"] = "Kravtype: A = minimumskrav (skal oppfylles), B = evalueringskrav (gir poeng), C = informasjon som ikke evalueres"
    ws.merge_cells("A3:H3")
    data = rows("nb", ["integrasjon", "K-KONTINUITET", "drift", "K-AVSLUTNING", "K-KJEDE"], "ABACB", lambda t, n, i, ours: f"4.{t}.{n}")
    table = write(
        t, ws, 5, 1,
        [("id", "Krav nr."), ("text", "Krav"), ("type", "Kravtype"), ("weight", "Vekt"), ("met", "Status"), ("answer", "Leverandørens svar"), ("points", "Poeng"), ("comment", "Kommentar fra evaluering")],
        data, codes={"A": "minimum", "B": "scored", "C": "information"}, themes="rows",
    )
    first, last = table["first"], table["last"]
    choice(ws, "Oppfylt,Delvis,Ikke oppfylt", f"E{first}:E{last}")
    ws.conditional_formatting.add(f"G{first}:G{last}", IconSetRule("3TrafficLights1", "num", [0, 4, 7]))
    ws.conditional_formatting.add(f"D{first}:D{last}", DataBarRule("min", None, "max", None, color="FF5B9BD5"))
    ws.conditional_formatting.add(f"E{first}:E{last}", CellIsRule("equal", ['"Ikke oppfylt"'], font=Font(color="FF9C0006")))
    ws["C5"].comment = Comment("A = minimum\nB = evalueres\nC = informasjon", "Innkjøp")
    ws[f"F{first + 1}"].comment = Comment("Svar her, ikke i vedlegg.", "Innkjøp")
    t.save(wb)


def listeobjekt():
    t = Truth("listeobjekt", "Kravene er en Excel-tabell med stil og filter; nedtrekk henter verdiene fra et ark som er skjult slik at det ikke kan vises fra menyen; Absolutt/Evaluering.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Krav"
    data = rows("nb", ["saksbehandling", "bruk", "K-TILGANG", "K-LOGG"], ["Absolutt", "Evaluering"], lambda t, n, i, ours: f"K{i:03}")
    columns = [("id", "Kravnr"), ("theme", "Område"), ("text", "Kravtekst"), ("type", "Krav-kategori"), ("instruction", "Dokumentasjon"), ("met", "Oppfylles"), ("answer", "Leverandørens beskrivelse"), ("weight", "Vekt %")]
    table = write(t, ws, 3, 1, columns, data, codes={"Absolutt": "minimum", "Evaluering": "scored"}, values=lambda role, row, r: row["weight"] / 1000 if role == "weight" else None)
    ws["A1"] = f"{BODY}: krav til rammeavtale (oppdiktet)"
    for r in range(table["first"], table["last"] + 1):
        ws.cell(r, 8).number_format = "0.0%"
    lo = Table(displayName="Kravtabell", ref=f"A3:{letter(len(columns))}{table['last']}")
    lo.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    ws.add_table(lo)
    lists = wb.create_sheet("Lister")
    for i, v in enumerate(["Ja", "Nei", "Delvis", "Ikke relevant"], 1):
        lists.cell(i, 1, v)
    lists.sheet_state = "veryHidden"
    choice(ws, "Lister!$A$1:$A$4", f"F4:F{table['last']}")
    t.save(wb)


if __name__ == "__main__":
    run(enkel, bilag, midt_paa, to_tabeller, temarader, listeobjekt)
