"""What the workbooks made with openpyxl have in common: the texts, a writer of
requirement tables that keeps the truth about them, and changes to the finished
zip file."""

import datetime
import io
import itertools
import json
import os
import re
import sys
import zipfile

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter as letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, *[".."] * 5))
OUT = os.environ.get("CORPUS_OUT", ".")

with open(os.path.join(HERE, "..", "texts.json"), encoding="utf-8") as f:
    TEXTS = json.load(f)
with open(os.path.join(ROOT, "requirements", "releases", "skytjenester-2.0.0.json"), encoding="utf-8") as f:
    OURS = json.load(f)

BODY = "Oppdiktet kommune"
SUPPLIER = "Oppdiktet Leverandør AS"


def rows(lang, themes, types, number, reworded="some"):
    """Requirements of the named themes: those of texts.json, and "K-X" for our
    own theme X, half of them in other words. number(theme, no, count, ours)
    gives the id."""
    found, kinds = [], itertools.cycle(types)
    how = itertools.cycle(TEXTS["instructions"][lang])
    for t, theme in enumerate(themes, 1):
        if theme.startswith("K-"):
            name = next(x["name"][lang] for x in OURS["themes"] if x["id"] == theme[2:])
            texts = []
            for r in OURS["requirements"]:
                if r["theme"] != theme[2:]:
                    continue
                other = TEXTS["reworded"].get(r["id"], {}).get(lang)
                use = other and (reworded == "all" or reworded == "some" and len(texts) % 2 == 0)
                texts.append((other if use else r["text"][lang], r["id"]))
        else:
            name = TEXTS["other"][theme]["name"][lang]
            texts = [(text, None) for text in TEXTS["other"][theme][lang]]
        for n, (text, ours) in enumerate(texts, 1):
            found.append({
                "theme": name, "number": t, "begins": n == 1, "id": number(t, n, len(found) + 1, ours), "text": text, "type": next(kinds),
                "instruction": next(how), "weight": 5 + 5 * (len(found) % 4), "requirement": ours,
            })
    return found


class Truth:
    """The truth about one workbook, written beside it."""

    def __init__(self, name, about, **rest):
        self.name = name
        self.data = {"about": about, "tables": [], **rest}

    def table(self, sheet, header, columns, codes=None, **rest):
        t = {"sheet": sheet, "header": header, "first": 0, "last": 0, "columns": columns, "requirements": {}, "skip": [], **rest}
        if codes:
            t["codes"] = codes
        self.data["tables"].append(t)
        return t

    def save(self, wb, *changes, **how):
        buffer = io.BytesIO()
        wb.save(buffer)
        self.write(buffer.getvalue(), *changes, **how)

    def write(self, data, *changes, **how):
        with open(os.path.join(OUT, self.name + ".xlsx"), "wb") as f:
            f.write(repack(data, *changes, **how))
        with open(os.path.join(OUT, self.name + ".json"), "w", encoding="utf-8") as f:
            json.dump(self.data, f, ensure_ascii=False, indent=1)


THIN = Side(style="thin", color="FF9A9A9A")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
HEAD = PatternFill("solid", fgColor="FF1F4E79")
THEME = PatternFill("solid", fgColor="FFDDEBF7")
INPUT = PatternFill("solid", fgColor="FFFFF2CC")
WRAP = Alignment(wrap_text=True, vertical="top")
SUPPLIERS = {"met", "answer", "deviation", "reference"}


def head(ws, row, left, headers, size=10):
    for i, text in enumerate(headers):
        c = ws.cell(row, left + i, text)
        c.font = Font(bold=True, color="FFFFFFFF", size=size)
        c.fill, c.border = HEAD, BOX
        c.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")


def write(truth, ws, top, left, columns, data, codes=None, themes="", header=None, values=None):
    """Writes a table with its header at row top and its first column at left.
    columns are (role, header); a role of None is a column that has no meaning
    to us. themes "rows" puts a merged row before each theme. values(role, row,
    number) gives what a cell holds when it is not the field of the same name."""
    if header is None:
        head(ws, top, left, [h for _, h in columns])
        header = [top]
    t = truth.table(ws.title, header, {role: letter(left + i) for i, (role, _) in enumerate(columns) if role}, codes)
    r = max(header) + 1
    t["first"] = r
    for row in data:
        if themes == "rows" and row["begins"]:
            ws.cell(r, left, f"{row['number']} {row['theme']}").font = Font(bold=True)
            for i in range(len(columns)):
                ws.cell(r, left + i).fill = THEME
            ws.merge_cells(start_row=r, end_row=r, start_column=left, end_column=left + len(columns) - 1)
            t["skip"].append(r)
            r += 1
        for i, (role, _) in enumerate(columns):
            value = values(role, row, r) if values else None
            if value is None:
                value = row.get(role)
            c = ws.cell(r, left + i, value)
            c.alignment, c.border = WRAP, BOX
            if role in SUPPLIERS:
                c.fill = INPUT
        if row["requirement"]:
            t["requirements"][str(r)] = row["requirement"]
        t["last"] = r
        r += 1
    for i, (role, _) in enumerate(columns):
        ws.column_dimensions[letter(left + i)].width = {"text": 60, "answer": 50, "instruction": 34, "theme": 22}.get(role, 13)
    return t


def title(ws, text, cells, body=BODY):
    ws[cells.split(":")[0]] = text
    ws[cells.split(":")[0]].font = Font(bold=True, size=16)
    ws.merge_cells(cells)
    below = ws.cell(ws[cells.split(":")[0]].row + 1, ws[cells.split(":")[0]].column, f"{body} – konkurransegrunnlag, sak 2026/0042. Alt innhold er oppdiktet.")
    below.font = Font(italic=True)


def choice(ws, values, cells):
    dv = DataValidation(type="list", formula1=values if "!" in values else f'"{values}"', allow_blank=True)
    dv.error, dv.errorTitle = "Velg en verdi fra listen.", "Ugyldig svar"
    ws.add_data_validation(dv)
    dv.add(cells)


def legend(ws, pairs, top=3):
    ws["A1"] = "Slik fyller du ut"
    ws["A1"].font = Font(bold=True, size=14)
    for i, (code, meaning) in enumerate(pairs):
        ws.cell(top + i, 1, code)
        ws.cell(top + i, 2, meaning)
    ws.column_dimensions["B"].width = 90


def define(wb, name, cells):
    d = DefinedName(name, attr_text=cells)
    if hasattr(wb.defined_names, "append"):  # before openpyxl 3.1
        wb.defined_names.append(d)
    else:
        wb.defined_names.add(d)


# --- the finished file ---------------------------------------------------------

DAY = (2026, 1, 15, 8, 0, 0)


class Pipe(io.RawIOBase):
    """A file that cannot seek, so that zip entries get data descriptors."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, b):
        self.data += b
        return len(b)


def repack(data, *changes, stored=False, descriptors=False, order=None):
    """Writes a zip file anew. Each change gets the parts by name and alters them."""
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        parts = {i.filename: z.read(i) for i in z.infolist()}
    core = parts.get("docProps/core.xml")
    if core:
        parts["docProps/core.xml"] = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>2026-01-15T08:00:00Z", core)
    for change in changes:
        change(parts)
    names = list(parts)
    if order:
        names.sort(key=order)
    out = Pipe() if descriptors else io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name in names:
            info = zipfile.ZipInfo(name, DAY)
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            z.writestr(info, parts[name])
    return bytes(out.data) if descriptors else out.getvalue()


def sheets(parts):
    return [n for n in parts if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]


def without_references(parts):
    """Takes the r attributes from rows and cells; possible where no cell is left out."""
    for name in sheets(parts):
        xml = parts[name].decode()
        for row, body in re.findall(r'<row r="(\d+)"[^>]*>(.*?)</row>', xml, re.S):
            cells = re.findall(r'<c r="([A-Z]+)\d+"', body)
            if cells != [letter(i + 1) for i in range(len(cells))]:
                raise ValueError(f"{name} row {row} has gaps: {cells}")
        numbers = [int(n) for n in re.findall(r'<row r="(\d+)"', xml)]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(f"{name} has gaps between rows: {numbers}")
        xml = re.sub(r'<row r="\d+"', "<row", xml)
        parts[name] = re.sub(r'<c r="[A-Z]+\d+"', "<c", xml).encode()


def prefixed(prefix):
    """Gives every element of the main namespace a prefix."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"

    def change(parts):
        for name, xml in parts.items():
            if not name.endswith(".xml") or b'xmlns="' + main + b'"' not in xml:
                continue
            xml = re.sub(rb"<(/?)([A-Za-z]\w*)(?=[\s/>])", rb"<\1" + prefix.encode() + rb":\2", xml)
            parts[name] = xml.replace(b'xmlns="' + main + b'"', b"xmlns:" + prefix.encode() + b'="' + main + b'"', 1)

    return change


def rename(names):
    """Moves parts to other names, in every place that mentions them."""

    def change(parts):
        for old, new in names.items():
            parts[new] = parts.pop(old)
            was, now = old.split("/")[-1].encode(), new.split("/")[-1].encode()
            rels = "/".join(old.split("/")[:-1]) + "/_rels/" + old.split("/")[-1] + ".rels"
            if rels in parts:
                parts["/".join(new.split("/")[:-1]) + "/_rels/" + new.split("/")[-1] + ".rels"] = parts.pop(rels)
            for name in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
                parts[name] = parts[name].replace(b"/" + was + b'"', b"/" + now + b'"')

    return change


def add_part(name, content, kind=None, relation=None, of="xl/_rels/workbook.xml.rels", target=None):
    """Adds a part with its content type and a relation to it."""

    def change(parts):
        parts[name] = content if isinstance(content, bytes) else content.encode()
        if kind:
            parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", f'<Override PartName="/{name}" ContentType="{kind}"/></Types>'.encode())
        if relation:
            n = parts[of].count(b"<Relationship ")
            parts[of] = parts[of].replace(b"</Relationships>", f'<Relationship Id="rIdX{n}" Type="{relation}" Target="{target or "/" + name}"/></Relationships>'.encode())

    return change


def formula(sheet, cells, **attributes):
    """Gives the formula of the first cell attributes such as t="array". With
    t="shared" the other cells get it from the first."""
    at = " ".join(f'{k}="{v}"' for k, v in attributes.items())

    def change(parts):
        xml = parts[sheet].decode()
        for i, cell in enumerate(cells):
            inner = rf"<f {at}>\g<2></f>" if i == 0 else f'<f t="shared" si="{attributes["si"]}"/>'
            xml, n = re.subn(rf'(<c r="{cell}"[^>]*>)<f>([^<]*)</f>', rf"\g<1>{inner}", xml)
            if n != 1:
                raise ValueError(f"{sheet} has no formula in {cell}")
        parts[sheet] = xml.encode()

    return change


def made(day):
    return datetime.datetime(2026, 1, day)


def run(*makers):
    """Makes the workbooks of a script, or the named ones."""
    for maker in makers:
        if len(sys.argv) < 2 or maker.__name__ in sys.argv[1:]:
            maker()
