"""Workbooks whose parts are written in other ways than Excel's, ones without a
requirement table, and one to refuse."""

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from corpus import (
    BODY, BOX, SUPPLIER, Truth, add_part, choice, head, legend, made, prefixed, rename, rows, run, title, without_references, write,
)

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
USUAL = [("id", "Krav nr."), ("text", "Kravtekst"), ("type", "Type"), ("met", "Oppfylt"), ("answer", "Leverandørens svar"), ("comment", "Merknad")]


def dotted(t, n, i, ours):
    return f"{t}.{n}"


def mac():
    t = Truth("mac", "Datoer regnes fra 1904; alle tekster står i cellene, uten felles tekstliste; zip-innslag med lengden etter innholdet; frister som datoer.")
    wb = Workbook()
    wb.epoch = CALENDAR_MAC_1904
    ws = wb.active
    ws.title = "Krav"
    title(ws, "Krav til drift", "A1:G1")
    data = rows("nb", ["drift", "K-DRIFT", "K-KONTINUITET"], ["Må", "Bør"], dotted)
    table = write(t, ws, 4, 1, USUAL + [(None, "Frist")], data, codes={"Må": "minimum", "Bør": "should"}, values=lambda role, row, r: made(1 + r % 28) if role is None else None)
    for r in range(table["first"], table["last"] + 1):
        ws.cell(r, 7).number_format = "dd.mm.yyyy"
    t.save(wb, descriptors=True)


def uten_r():
    t = Truth("uten-r", "Rader og celler uten r-attributt, slik standarden tillater; teksten står i cellene; Skal/Kan.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Kravliste"
    for i, text in enumerate(["Kravliste", BODY, "", "", "", ""], 1):
        ws.cell(1, i, text).font = Font(bold=True)
    write(t, ws, 2, 1, USUAL, rows("nb", ["integrasjon", "K-UTVIKLING", "K-ARKITEKTUR"], ["Skal", "Kan"], dotted), codes={"Skal": "minimum", "Kan": "optional"})
    t.save(wb, without_references)


def delnavn():
    t = Truth("delnavn", "Arkene har andre filnavn og en annen rekkefølge enn i arbeidsboken; delene er lagret uten komprimering; egen XML-del og egne egenskaper for dokumentet; A/B forklart.")
    wb = Workbook()
    legend(wb.active, [("A", "Minstekrav, må være oppfylt"), ("B", "Kravet evalueres og gis poeng")])
    wb.active.title = "Les meg først"
    for name, themes in (("Funksjon", ["saksbehandling", "bruk"]), ("Sikkerhet", ["K-TILGANG", "K-KRYPTO", "K-LOGG"])):
        ws = wb.create_sheet(name)
        table = write(t, ws, 3, 2, USUAL, rows("nb", themes, "AB", dotted), codes={"A": "minimum", "B": "scored"})
        choice(ws, "Ja,Nei,Delvis", f"E4:E{table['last']}")
    t.save(
        wb, rename({"xl/worksheets/sheet1.xml": "xl/worksheets/forside.xml", "xl/worksheets/sheet2.xml": "xl/worksheets/sheet7.xml", "xl/worksheets/sheet3.xml": "xl/worksheets/sheet1.xml"}),
        add_part("customXml/item1.xml", '<?xml version="1.0" encoding="UTF-8"?><sak xmlns="urn:oppdiktet:arkiv"><nummer>2026/0042</nummer></sak>', None, OFFICE + "/customXml"),
        add_part(
            "docProps/custom.xml",
            '<?xml version="1.0" encoding="UTF-8"?><Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"><property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="Saksnummer"><vt:lpwstr>2026/0042</vt:lpwstr></property></Properties>',
            "application/vnd.openxmlformats-officedocument.custom-properties+xml", OFFICE + "/custom-properties", "_rels/.rels",
        ),
        stored=True, order=lambda name: (name != "[Content_Types].xml", name.startswith("xl/worksheets/"), name),
    )


def prefiks():
    t = Truth("prefiks", "Alle elementer har prefikset x:, slik noen produsenter skriver; M/B forklart under tittelen, der B er bør og gir poeng.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Krav"
    title(ws, "Krav til skytjeneste", "A1:F1")
    ws["A3"] = "M = må-krav. B = bør-krav som evalueres og gis poeng."
    write(t, ws, 5, 1, USUAL, rows("nb", ["K-PERSONELL", "opplæring", "K-HENDELSE", "arkiv"], "MB", lambda t, n, i, ours: f"SIK-{chr(64 + t)}{n:02}"), codes={"M": "minimum", "B": "scored"}, themes="rows")
    t.save(wb, prefixed("x"))


def prisskjema():
    t = Truth("prisskjema", "Bare prisskjema med nummer, beskrivelse, antall, pris og leverandørens kommentar; ingen krav.", none=True)
    wb = Workbook()
    ws = wb.active
    ws.title = "Prisskjema"
    title(ws, "Bilag 7: Samlet pris", "A1:G1")
    head(ws, 4, 1, ["Nr.", "Beskrivelse", "Enhet", "Antall", "Enhetspris eks. mva.", "Sum", "Leverandørens kommentar"])
    for i, (text, unit) in enumerate([("Etablering", "fast"), ("Lisens saksbehandler", "per md."), ("Lisens innsyn", "per md."), ("Drift", "per md."), ("Seniorkonsulent", "per time"), ("Opplæringsdag", "per dag")], 1):
        for j, v in enumerate([i, text, unit, 12 * i, None, f"=D{4 + i}*E{4 + i}", None], 1):
            ws.cell(4 + i, j, v).border = BOX
    ws["B11"], ws["F11"] = "Sum eks. mva.", "=SUM(F5:F10)"
    info = wb.create_sheet("Opplysninger")
    for i, text in enumerate(["Leverandør", "Organisasjonsnummer", "Kontaktperson", "E-post"], 1):
        info.cell(i, 1, text)
    info["B1"] = SUPPLIER
    t.save(wb)


def makro():
    t = Truth("makro", "Kravtabell i en fil med makroer, kalt .xlsx.", refused="macros")
    wb = Workbook()
    ws = wb.active
    ws.title = "Krav"
    write(t, ws, 1, 1, USUAL, rows("nb", ["drift"], "AB", dotted), codes="ask")
    t.save(wb, add_part("xl/vbaProject.bin", b"ikke en virkelig makro", "application/vnd.ms-office.vbaProject", "http://schemas.microsoft.com/office/2006/relationships/vbaProject"))


if __name__ == "__main__":
    run(mac, uten_r, delnavn, prefiks, prisskjema, makro)
