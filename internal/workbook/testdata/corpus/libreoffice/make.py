"""Has LibreOffice save again what the other producers made, and open what is
written here as .fods and .csv."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
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
    ("pivot-ods", "excelize/pivot", "ods:calc8", "Pivottabell og diagram etter en tur om .ods."),
]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        profile = os.path.join(tmp, "profile")
        first, between = [], {}
        for name, source, kind, about in AGAIN:
            with open(os.path.join(IN, source + ".json"), encoding="utf-8") as f:
                truth = json.load(f)
            truth["about"] = about
            with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as f:
                json.dump(truth, f, ensure_ascii=False, indent=1)
            copy = os.path.join(tmp, name + ".xlsx")
            shutil.copy(os.path.join(IN, source + ".xlsx"), copy)
            if kind:
                between.setdefault(kind, []).append(copy)
            else:
                first.append(copy)
        for kind, files in between.items():
            convert(profile, kind, files, tmp)
            first += [os.path.splitext(f)[0] + "." + kind.split(":")[0] for f in files]
        convert(profile, XLSX, first, OUT)


main()
