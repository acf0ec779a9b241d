// What the workbooks made with exceljs have in common. It runs in a folder
// that has node_modules; the sources stay where they are.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
export const ExcelJS = createRequire(join(process.cwd(), "x.js"))("exceljs");
export const out = process.env.CORPUS_OUT ?? ".";
const texts = JSON.parse(readFileSync(join(here, "../texts.json"), "utf8"));
const ours = JSON.parse(readFileSync(resolve(here, "../../../../../requirements/releases/skytjenester-2.0.0.json"), "utf8"));

export const BODY = "Oppdiktet fylkeskommune";
export const day = new Date(Date.UTC(2026, 0, 15, 8));

export function book() {
  const wb = new ExcelJS.Workbook();
  wb.creator = BODY;
  wb.created = wb.modified = day;
  return wb;
}

// rows gives requirements of the named themes: those of texts.json, and "K-X"
// for our own theme X, half of them in other words.
export function rows(lang, themes, types, number, reworded = "some") {
  const found = [];
  themes.forEach((theme, t) => {
    let name, list;
    if (theme.startsWith("K-")) {
      name = ours.themes.find((x) => x.id === theme.slice(2)).name[lang];
      list = ours.requirements.filter((r) => r.theme === theme.slice(2)).map((r, n) => {
        const other = texts.reworded[r.id]?.[lang];
        const use = other && (reworded === "all" || (reworded === "some" && n % 2 === 0));
        return [use ? other : r.text[lang], r.id];
      });
    } else {
      name = texts.other[theme].name[lang];
      list = texts.other[theme][lang].map((text) => [text, undefined]);
    }
    list.forEach(([text, requirement], n) => {
      const i = found.length;
      found.push({
        theme: name, number: t + 1, begins: n === 0, id: number(t + 1, n + 1, i + 1, requirement), text, type: types[i % types.length],
        instruction: texts.instructions[lang][i % texts.instructions[lang].length], weight: 5 + 5 * (i % 4), requirement,
      });
    });
  });
  return found;
}

// Truth is what is true about one workbook, written beside it.
export class Truth {
  constructor(name, about, rest = {}) {
    this.name = name;
    this.data = { about, tables: [], ...rest };
  }

  table(sheet, header, columns, codes) {
    const t = { sheet, header, first: 0, last: 0, columns, requirements: {}, skip: [], ...(codes && { codes }) };
    this.data.tables.push(t);
    return t;
  }

  get path() {
    return join(out, this.name + ".xlsx");
  }

  async save(wb) {
    if (wb) await wb.xlsx.writeFile(this.path);
    writeFileSync(join(out, this.name + ".json"), JSON.stringify(this.data, null, 1));
  }
}

export const letter = (n) => String.fromCharCode(64 + n);
const thin = { style: "thin", color: { theme: 0, tint: -0.25 } };
export const box = { top: thin, left: thin, bottom: thin, right: thin };
const suppliers = new Set(["met", "answer", "deviation", "reference"]);

export function head(ws, row, left, headers) {
  headers.forEach((text, i) => {
    const c = ws.getCell(row, left + i);
    if (text != null) c.value = text;
    c.font = { bold: true, color: { theme: 0 } };
    c.fill = { type: "pattern", pattern: "solid", fgColor: { theme: 4, tint: -0.25 } };
    c.alignment = { wrapText: true, vertical: "middle" };
    c.border = box;
  });
}

// write writes a table with its header at row top and its first column at
// left. columns are [role, header]; no role is a column without meaning to us.
// value(role, row, number) gives a cell's value when it is not the field of
// the same name; null leaves the cell out of the file.
export function write(truth, ws, top, left, columns, data, { codes, header, themes, value } = {}) {
  if (!header) {
    head(ws, top, left, columns.map(([, h]) => h));
    header = [top];
  }
  const t = truth.table(ws.name, header, Object.fromEntries(columns.flatMap(([role], i) => (role ? [[role, letter(left + i)]] : []))), codes);
  let r = Math.max(...header) + 1;
  t.first = r;
  for (const row of data) {
    if (themes === "rows" && row.begins) {
      ws.getCell(r, left).value = row.theme;
      ws.getCell(r, left).font = { bold: true, italic: true };
      ws.mergeCells(r, left, r, left + columns.length - 1);
      t.skip.push(r++);
    }
    columns.forEach(([role], i) => {
      let v = value?.(role, row, r);
      if (v === null) return;
      if (v === undefined) v = row[role];
      const c = ws.getCell(r, left + i);
      if (v !== undefined) c.value = v;
      c.border = box;
      c.alignment = { wrapText: true, vertical: "top" };
      if (suppliers.has(role)) c.fill = { type: "pattern", pattern: "solid", fgColor: { argb: "FFFFF2CC" } };
    });
    if (row.requirement) t.requirements[r] = row.requirement;
    t.last = r++;
  }
  columns.forEach(([role], i) => {
    ws.getColumn(left + i).width = { text: 60, answer: 50, instruction: 34, theme: 22 }[role] ?? 13;
  });
  return t;
}

export function choose(ws, column, t, formula) {
  for (let r = t.first; r <= t.last; r++) {
    if (!t.skip.includes(r)) ws.getCell(`${column}${r}`).dataValidation = { type: "list", allowBlank: true, formulae: [formula] };
  }
}
