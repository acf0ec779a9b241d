"""Workbooks in other words and languages, with formulas, and very long ones."""

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter as letter

from corpus import BODY, BOX, TEXTS, WRAP, Truth, choice, formula, head, legend, made, rows, run, title, write


def formler():
    t = Truth("formler", "Poeng med delt formel, vektede poeng, sumrad, matriseformel og SUMPRODUCT fra et annet ark, diagram; B betyr bør og er forklart i et eget ark.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Krav og svar"
    data = rows("nb", ["drift", "K-KRYPTO", "bruk", "K-HENDELSE"], "AB", lambda t, n, i, ours: f"{t}-{n}")
    columns = [("id", "Nr."), ("text", "Krav"), ("type", "Kravtype"), ("weight", "Vekt"), ("met", "Ja/Nei/Delvis"), ("answer", "Leverandørens svar"), ("points", "Poeng"), (None, "Vektet sum")]

    def values(role, row, r):
        if role == "points":
            return f'=IF(E{r}="Ja",10,IF(E{r}="Delvis",5,0))'
        return f"=D{r}*G{r}" if role is None else None

    title(ws, "Kravtabell med evaluering", "A1:H1")
    table = write(t, ws, 4, 1, columns, data, codes={"A": "minimum", "B": "should"}, values=values)
    first, last = table["first"], table["last"]
    ws.cell(last + 1, 2, "SUM").font = Font(bold=True)
    ws.cell(last + 1, 4, f"=SUM(D{first}:D{last})")
    ws.cell(last + 1, 8, f"=SUM(H{first}:H{last})")
    ws.cell(last + 2, 2, "Antall Ja")
    ws.cell(last + 2, 5, f'=COUNTIF(E{first}:E{last},"Ja")')
    choice(ws, "Ja,Nei,Delvis", f"E{first}:E{last}")
    legend(wb.create_sheet("Forklaring"), [("A", "Absolutt krav: må oppfylles"), ("B", "Bør-krav: bør oppfylles, men er ikke avgjørende")])
    score = wb.create_sheet("Evaluering")
    for r, (text, f) in enumerate([
        ("Sum", f"=SUMPRODUCT('Krav og svar'!D{first}:D{last},'Krav og svar'!G{first}:G{last})/'Krav og svar'!D{last + 1}"),
        ("Høyeste", f"=MAX('Krav og svar'!D{first}:D{last}*'Krav og svar'!G{first}:G{last})"),
        ("Besvart", f"=COUNTA('Krav og svar'!F{first}:F{last})/ROWS('Krav og svar'!F{first}:F{last})"),
    ], 2):
        score.cell(r, 1, text)
        score.cell(r, 2, f)
    chart = BarChart()
    chart.title = "Poeng per krav"
    chart.add_data(Reference(ws, min_col=7, min_row=4, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(ws, min_col=1, min_row=first, max_row=last))
    score.add_chart(chart, "D2")
    t.save(
        wb, formula("xl/worksheets/sheet1.xml", [f"G{r}" for r in range(first, last + 1)], t="shared", ref=f"G{first}:G{last}", si="0"),
        formula("xl/worksheets/sheet3.xml", ["B3"], t="array", ref="B3"),
    )


def nynorsk():
    t = Truth("nynorsk", "Nynorsk; topprad i tre rader med sammenslåtte grupper øverst og bokstaver for kolonnene nederst; temakolonne slått sammen nedover; O/V uten forklaring.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Kravtabell"
    title(ws, "Kravspesifikasjon – nytt arkivsystem", "A1:G1", "Oppdikta kommune")
    columns = [("theme", "Tema"), ("id", "Krav-ID"), ("text", "Skildring av kravet"), ("type", "Type"), ("met", "Oppfylt?"), ("answer", "Svar frå leverandør"), ("comment", "Merknad")]
    for first, last, text in ((1, 4, "Oppdragsgivar"), (5, 7, "Leverandør")):
        head(ws, 4, first, [text] + [None] * (last - first))
        ws.merge_cells(start_row=4, end_row=4, start_column=first, end_column=last)
    head(ws, 5, 1, [h for _, h in columns])
    head(ws, 6, 1, [f"({letter(i + 1).lower()})" for i in range(len(columns))], size=8)
    data = rows("nn", ["arkiv", "K-TILGANG", "saksbehandling", "K-AVSLUTNING", "miljø"], "OOV", lambda t, n, i, ours: f"{t}.{n}")
    table = write(t, ws, 4, 1, columns, data, codes="ask", header=[4, 5, 6], values=lambda role, row, r: "" if role == "theme" and not row["begins"] else None)
    begins = [table["first"] + i for i, row in enumerate(data) if row["begins"]] + [table["last"] + 1]
    for a, b in zip(begins, begins[1:]):
        if b - a > 1:
            ws.merge_cells(start_row=a, end_row=b - 1, start_column=1, end_column=1)
        ws.cell(a, 1).alignment = Alignment(text_rotation=90, vertical="center", horizontal="center", wrap_text=True)
    choice(ws, "Ja,Nei,Delvis", f"E{table['first']}:E{table['last']}")
    t.save(wb)


def engelsk():
    t = Truth("engelsk", "Engelsk; tall som id, Mandatory/Desirable, datokolonne, lenker i vedleggskolonnen; ark med spørsmål og svar og endringslogg som likner kravtabeller.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Requirements"
    ws["A1"] = "Invented university – requirements specification"
    data = rows("en", ["integrasjon", "K-STYRING", "K-KRYPTO", "opplæring", "K-KJEDE"], ["Mandatory", "Mandatory", "Desirable"], lambda t, n, i, ours: i)
    columns = [("id", "Req. no."), ("text", "Requirement"), ("type", "Category"), (None, "Last changed"), ("met", "Compliant? (Yes/No/Partial)"), ("answer", "Supplier's response"), ("reference", "Appendix"), ("deviation", "Deviations and reservations")]
    table = write(t, ws, 3, 1, columns, data, codes={"Mandatory": "minimum", "Desirable": "should"}, values=lambda role, row, r: made(1 + r % 20) if role is None else None)
    for r in range(table["first"], table["last"] + 1):
        ws.cell(r, 4).number_format = "yyyy-mm-dd"
    ws["G4"].hyperlink = "https://oppdiktet.example/appendix/1"
    ws["G5"] = "See guidance"
    ws["G5"].hyperlink = "#'Q&A'!A1"
    choice(ws, "Yes,No,Partial", f"E{table['first']}:E{table['last']}")
    qa = wb.create_sheet("Q&A")
    head(qa, 1, 1, ["No.", "Date", "Question", "Answer from the customer"])
    for i in range(1, 8):
        for j, v in enumerate([i, made(i), f"Is appendix {i} binding?", "Yes."], 1):
            qa.cell(i + 1, j, v)
    log = wb.create_sheet("Change log")
    head(log, 1, 1, ["Version", "Date", "Description", "Author"])
    for i in range(1, 5):
        for j, v in enumerate([f"0.{i}", made(i), "Requirement texts revised", "Procurement office"], 1):
            log.cell(i + 1, j, v)
    t.save(wb)


def to_tusen():
    t = Truth("to-tusen", "2 000 krav i ett ark, skrevet strømmende; A/B/C uten forklaring.")
    wb = Workbook(write_only=True)
    ws = wb.create_sheet("Krav")
    columns = [("id", "Kravnr"), ("theme", "Kategori"), ("text", "Kravtekst"), ("type", "Type"), ("met", "Oppfylles"), ("answer", "Leverandørens besvarelse")]
    for i, width in enumerate([10, 24, 70, 8, 12, 50], 1):
        ws.column_dimensions[letter(i)].width = width
    ws.append([f"{BODY}: samlet kravliste"])
    ws.append([])
    ws.append([h for _, h in columns])
    table = t.table("Krav", [3], {role: letter(i) for i, (role, _) in enumerate(columns, 1)}, "ask")
    data = rows("nb", ["saksbehandling", "K-DRIFT", "integrasjon", "K-LOGG", "bruk", "K-KONTINUITET", "drift"], "ABC", lambda t, n, i, ours: "")
    own = [row for row in data if not row["requirement"]]
    table["first"], table["last"] = 4, 2003
    for i in range(2000):
        row = data[i] if i < len(data) else own[i % len(own)]
        text = row["text"] if i < len(data) else f"Modul {i // len(own)}: {row['text']}"
        ws.append([f"{i // 50 + 1}.{i % 50 + 1}", row["theme"], text, "ABC"[i % 3], None, None])
        if i < len(data) and row["requirement"]:
            table["requirements"][str(4 + i)] = row["requirement"]
    t.save(wb)


def vaare_id():
    t = Truth("vaare-id", "Våre egne krav-id-er, i kolonnen etter teksten; mellomrom før og etter verdier og linjeskift i cellene; Minimumskrav/Tildelingskriterium; topptekst med linjeskift.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Informasjonssikkerhet "
    data = rows("nb", ["K-STYRING", "K-TILGANG", "K-LOGG", "K-PERSONVERN", "K-KJEDE"], ["Minimumskrav", "Tildelingskriterium"], lambda t, n, i, ours: f" {ours} ")
    columns = [("text", "Krav\n(ordlyd)"), ("id", " Krav-ID "), ("type", "Krav-\nkategori"), ("instruction", "Dokumentasjons-\nkrav"), ("met", "Oppfylt\n(J/N/D)"), ("answer", "Leverandørens\nsvar "), ("deviation", "Avvik")]
    write(t, ws, 2, 2, columns, data, codes={"Minimumskrav": "minimum", "Tildelingskriterium": "scored"}, values=lambda role, row, r: {
        "text": "  " + row["text"].replace(". ", ".\n") + "\n", "type": row["type"] + " ",
    }.get(role))
    t.save(wb)


def uten_id():
    t = Truth("uten-id", "Bare krav og svar, ingen id, ingen type, ingen nedtrekk; flere krav i samme ark som løpende skjema, med tom rad under topptekst og tomme rader mellom kravene.")
    wb = Workbook()
    ws = wb.active
    ws.title = "Ark1"
    ws["A1"] = "Oppdiktet vannverk IKS ber om at tilbyder svarer på følgende:"
    head(ws, 3, 1, ["Krav", "Svar"])
    table = t.table("Ark1", [3], {"text": "A", "answer": "B"})
    texts = [(x, None) for x in TEXTS["other"]["drift"]["nb"]] + [(x["nb"], i) for i, x in list(TEXTS["reworded"].items())[:6]]
    table["first"], r = 4, 5
    table["skip"].append(4)
    for i, (text, ours) in enumerate(texts):
        ws.cell(r, 1, text).alignment = WRAP
        ws.cell(r, 1).border = ws.cell(r, 2).border = BOX
        if ours:
            table["requirements"][str(r)] = ours
        table["last"] = r
        r += 1
        if i % 3 == 2 and i + 1 < len(texts):
            table["skip"].append(r)
            r += 1
    ws.column_dimensions["A"].width, ws.column_dimensions["B"].width = 80, 60
    t.save(wb)


if __name__ == "__main__":
    run(formler, nynorsk, engelsk, to_tusen, vaare_id, uten_id)
