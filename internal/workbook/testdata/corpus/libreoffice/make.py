"""Has LibreOffice save again what the other producers made, and open what is
written here as .fods and .csv."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape, quoteattr

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "openpyxl"))
from corpus import rows  # noqa: E402

OUT, IN = os.environ["CORPUS_OUT"], os.environ["CORPUS_IN"]
XLSX = "xlsx:Calc MS Excel 2007 XML"


def convert(profile, kind, files, into, *options):
    if not files:
        return
    said = subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", *options, "--convert-to", kind, "--outdir", into, *files],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
    )
    for f in files:
        made = os.path.join(into, os.path.splitext(os.path.basename(f))[0] + "." + kind.split(":")[0])
        if not os.path.exists(made):
            sys.exit(f"soffice did not make {made}:\n{said.stdout}")


# What is saved again: the new name, the file, the format in between, and what
# the truth says about it.
AGAIN = [
    ("bilag-lagret", "openpyxl/bilag", None, "SSA-bilag med to kravark, låste ark og todelt topprad, åpnet og lagret på nytt i LibreOffice."),
    ("rik-tekst-lagret", "exceljs/rik-tekst", None, "Formatert tekst, bilde og merknader, åpnet og lagret på nytt i LibreOffice."),
    ("temarader-xls", "openpyxl/temarader", "xls:MS Excel 97", "Temarader, merknader og betinget formatering etter en tur om det gamle .xls-formatet."),
    ("flere-ark-lagret", "exceljs/flere-ark", None, "Arknavn med apostrof, anførselstegn og æøå og formler på tvers av dem, lagret på nytt i LibreOffice."),
    ("formler-lagret", "openpyxl/formler", None, "Delt formel, matriseformel, SUMPRODUCT og diagram, regnet ut og lagret på nytt i LibreOffice."),
    ("pivot-ods", "excelize/pivot", "ods:calc8", "Pivottabell og diagram etter en tur om .ods."),
]


def truth(name, data):
    with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as f:
        json.dump(data, f, ensure_ascii=False, indent=1)


def ours(data, first):
    return {str(first + i): row["requirement"] for i, row in enumerate(data) if row["requirement"]}


FODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<style:style style:name="head" style:family="table-cell"><style:table-cell-properties fo:background-color="#d9e2f3" fo:wrap-option="wrap" fo:border="0.5pt solid #808080"/><style:text-properties fo:font-weight="bold"/></style:style>
<style:style style:name="cell" style:family="table-cell"><style:table-cell-properties fo:wrap-option="wrap" fo:border="0.5pt solid #808080"/></style:style>
<style:style style:name="open" style:family="table-cell"><style:table-cell-properties style:cell-protect="none" fo:background-color="#fff2cc" fo:wrap-option="wrap" fo:border="0.5pt solid #808080"/></style:style>
</office:automatic-styles>
<office:body><office:spreadsheet>
<table:content-validations><table:content-validation table:name="val1" table:condition="of:cell-content-is-in-list(&quot;Ja&quot;;&quot;Nei&quot;;&quot;Delvis&quot;)" table:allow-empty-cell="true" table:base-cell-address="Krav.G6"/></table:content-validations>
<table:table table:name="Krav" table:protected="true">%s</table:table>
</office:spreadsheet></office:body></office:document>
"""


def cell(text, style="cell", more=""):
    body = f"<text:p>{escape(str(text))}</text:p>" if text not in ("", None) else ""
    kind = ' office:value-type="string"' if body else ""
    return f"<table:table-cell table:style-name={quoteattr(style)}{kind}{more}>{body}</table:table-cell>"


def nynorsk_fods(folder):
    """A table in nynorsk from C5 on, its themes merged down, on a locked sheet."""
    data = rows("nn", ["integrasjon", "K-TILGANG", "drift", "K-HENDELSE"], ["Absolutt krav", "Evalueringskrav"], lambda t, n, i, ours: f"{t}.{n}")
    heads = ["Område", "Krav nr.", "Kundens krav", "Kravtype", "Oppfylt", "Leverandøren sitt svar", "Atterhald"]
    gap = '<table:table-cell table:number-columns-repeated="2"/>'
    lines = ['<table:table-column table:number-columns-repeated="9"/>', f"<table:table-row>{cell('Oppdikta fylkeskommune – kravspesifikasjon')}</table:table-row>", '<table:table-row table:number-rows-repeated="3"/>']
    lines.append("<table:table-row>" + gap + "".join(cell(h, "head") for h in heads) + "</table:table-row>")
    for i, row in enumerate(data):
        span = sum(1 for other in data if other["number"] == row["number"])
        theme = cell(row["theme"], "cell", f' table:number-columns-spanned="1" table:number-rows-spanned="{span}"') if row["begins"] else "<table:covered-table-cell/>"
        answers = cell("", "open", ' table:content-validation-name="val1"') + cell("", "open") * 2
        lines.append("<table:table-row>" + gap + theme + cell(row["id"]) + cell(row["text"]) + cell(row["type"]) + answers + "</table:table-row>")
    last = 5 + len(data)
    lines.append(f"<table:table-row>{gap}{cell('')}{cell('')}{cell('Tal på ja')}{cell('')}" + f'<table:table-cell table:formula="of:=COUNTIF([.G6:.G{last}];&quot;Ja&quot;)" office:value-type="float" office:value="0"/></table:table-row>')
    path = os.path.join(folder, "nynorsk-fods.fods")
    with open(path, "w", encoding="utf-8") as f:
        f.write(FODS % "".join(lines))
    truth("nynorsk-fods", {
        "about": "Laget i LibreOffice: nynorsk tabell fra C5 med temakolonne slått sammen nedover, låst ark med åpne svarceller, sumrad; Absolutt krav/Evalueringskrav.",
        "tables": [{
            "sheet": "Krav", "header": [5], "first": 6, "last": last, "columns": {"theme": "C", "id": "D", "text": "E", "type": "F", "met": "G", "answer": "H", "deviation": "I"},
            "codes": {"Absolutt krav": "minimum", "Evalueringskrav": "scored"}, "requirements": ours(data, 6),
        }],
    })
    return path


def csv_export(folder):
    """What a system exports as text: no styles at all."""
    data = rows("nb", ["K-KRYPTO", "saksbehandling", "K-KJEDE", "bruk"], ["M", "B", "K"], lambda t, n, i, ours: f"{i:03}")
    path = os.path.join(folder, "eksport-csv.csv")
    with open(path, "w", encoding="utf-8", newline="") as f:
        w = csv.writer(f, delimiter=";")
        w.writerow(["Krav-ID", "Tema", "Kravtekst", "Type", "Svarinstruks", "Oppfylles (Ja/Nei/Delvis)", "Leverandørens svar"])
        for row in data:
            w.writerow([row["id"], row["theme"], row["text"] + '\nSe også "Bilag 3".', row["type"], row["instruction"], "", ""])
    truth("eksport-csv", {
        "about": "Åpnet fra en CSV-fil og lagret som .xlsx: ingen stiler, id-er som er blitt tall, linjeskift i tekstene, arket heter som filen; M/B/K uten forklaring.",
        "tables": [{
            "sheet": "eksport-csv", "header": [1], "first": 2, "last": 1 + len(data), "columns": {"id": "A", "theme": "B", "text": "C", "type": "D", "instruction": "E", "met": "F", "answer": "G"},
            "codes": "ask", "requirements": ours(data, 2),
        }],
    })
    return path


def main():
    with tempfile.TemporaryDirectory() as tmp:
        profile = os.path.join(tmp, "profile")
        first, between = [], {}
        for name, source, kind, about in AGAIN:
            with open(os.path.join(IN, source + ".json"), encoding="utf-8") as f:
                truth(name, {**json.load(f), "about": about})
            copy = os.path.join(tmp, name + ".xlsx")
            shutil.copy(os.path.join(IN, source + ".xlsx"), copy)
            if kind:
                between.setdefault(kind, []).append(copy)
            else:
                first.append(copy)
        for kind, files in between.items():
            convert(profile, kind, files, tmp)
            first += [os.path.splitext(f)[0] + "." + kind.split(":")[0] for f in files]
        convert(profile, XLSX, [*first, nynorsk_fods(tmp)], OUT)
        convert(profile, XLSX, [csv_export(tmp)], OUT, "--infilter=Text - txt - csv (StarCalc):59,34,76,1")


main()
