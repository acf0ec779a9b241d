"""Opens workbooks and saves them again: save.py HOW IN OUT, HOW being
"openpyxl", or "sheets" for what is left after an online spreadsheet has had
them: no protection, no properties, hidden sheets that anyone can show, texts
without runs, and rows that all have a height."""

import os
import sys
import warnings

import openpyxl

warnings.simplefilter("ignore")


def online(wb):
    for ws in wb:
        ws.protection.sheet = False
        if ws.sheet_state == "veryHidden":
            ws.sheet_state = "hidden"
        ws.conditional_formatting = type(ws.conditional_formatting)()
        ws.print_title_rows = None
        for i in range(1, ws.max_row + 1):
            ws.row_dimensions[i].height = 15.75
    for name in list(wb.defined_names):
        del wb.defined_names[name]
    wb.properties = openpyxl.packaging.core.DocumentProperties()


how, source, target = sys.argv[1:]
for name in sorted(os.listdir(source)):
    book = openpyxl.load_workbook(os.path.join(source, name))
    if how == "sheets":
        online(book)
    book.save(os.path.join(target, name))
