// Workbooks with unusual shapes of the table.
import { BODY, book, box, choose, day, ExcelJS, head, rows, Truth, write } from "./corpus.mjs";

const dotted = (t, n) => `${t}.${n}`;

async function flereArk() {
  const t = new Truth("flere-ark", "To kravark med apostrof, ampersand, anførselstegn og æøå i navnet, oppsummering med formler på tvers av dem, og et prisark; A/B forklart i oppsummeringen.");
  const wb = book();
  const sum = wb.addWorksheet("Oppsummering", { properties: { tabColor: { argb: "FF1F4E79" } } });
  const names = ["Krav 'sikkerhet' & drift", "Øvrige krav «æøå» (del 2)"];
  const themes = [["K-TILGANG", "K-DRIFT", "drift"], ["bruk", "opplæring", "miljø"]];
  sum.getCell("A1").value = `${BODY} – oppsummering av svar`;
  sum.addRow([]);
  sum.addRow(["Ark", "Antall krav", "Antall Ja", "Andel"]);
  names.forEach((name, i) => {
    const ws = wb.addWorksheet(name, { views: [{ state: "frozen", ySplit: 2 }] });
    ws.getCell("A1").value = name;
    ws.mergeCells("A1:G1");
    const columns = [["id", "Kravnr."], ["theme", "Område"], ["text", "Forventninger"], ["type", "Kravtype"], ["met", "Oppfylles"], ["answer", "Leverandørens beskrivelse"], ["reference", "Referanse"]];
    const table = write(t, ws, 2, 1, columns, rows("nb", themes[i], ["A", "B", "B"], dotted), { codes: { A: "minimum", B: "scored" } });
    choose(ws, "E", table, '"Ja,Nei,Delvis"');
    const sheet = `'${name.replaceAll("'", "''")}'`;
    const count = table.last - table.first + 1;
    sum.addRow([name, { formula: `COUNTA(${sheet}!A${table.first}:A${table.last})`, result: count }, { formula: `COUNTIF(${sheet}!E${table.first}:E${table.last},"Ja")`, result: 0 }, { formula: `C${4 + i}/B${4 + i}`, result: 0 }]);
    sum.getCell(`D${4 + i}`).numFmt = "0 %";
  });
  sum.addRow([]);
  sum.addRow(["A: minstekrav som må oppfylles. B: krav som evalueres og gir poeng."]);
  const price = wb.addWorksheet("Pris");
  head(price, 1, 1, ["Nr.", "Beskrivelse", "Pris"]);
  price.addRow([1, "Lisens", 0]);
  wb.definedNames.add(`'${names[1]}'!$E$3:$F$10`, "Svar_del2");
  await t.save(wb);
}

async function stroem() {
  const t = new Truth("stroem", "Skrevet strømmende uten felles tekstliste, så tekster står som formelresultater (t=\"str\"); S/B i en kolonne som heter Skal-krav/Bør-krav.");
  const wb = new ExcelJS.stream.xlsx.WorkbookWriter({ filename: t.path, useStyles: true, useSharedStrings: false, zip: { zlib: { level: 6 } } });
  wb.created = wb.modified = day;
  const ws = wb.addWorksheet("Krav");
  const columns = [["id", "Pkt."], ["text", "Kravtekst"], ["type", "Skal-krav (S) / Bør-krav (B)"], ["met", "Ja/Nei/Delvis"], ["answer", "Svar fra leverandør"], ["comment", "Kommentar"]];
  ws.addRow([`${BODY}: krav`]).commit();
  ws.addRow(columns.map(([, h]) => h)).commit();
  const table = t.table("Krav", [2], Object.fromEntries(columns.map(([role], i) => [role, "ABCDEF"[i]])), { S: "minimum", B: "should" });
  table.first = table.last = 3;
  const data = rows("nb", ["integrasjon", "K-LOGG", "K-KONTINUITET", "saksbehandling"], ["S", "B"], dotted);
  data.forEach((row, i) => {
    ws.addRow([row.id, row.text, row.type]).commit();
    if (row.requirement) t.data.tables[0].requirements[3 + i] = row.requirement;
    table.last = 3 + i;
  });
  ws.commit();
  await wb.commit();
  await t.save();
}

async function tallId() {
  const t = new Truth("tall-id", "Id-er er tall (4.1) med tallformat; overskrifter med store bokstaver og linjeskift; vekt i prosent; sumrad og merknader under.");
  const wb = book();
  const ws = wb.addWorksheet("KRAV");
  const data = rows("nb", ["drift", "K-KRYPTO", "K-PERSONELL", "arkiv"], ["A", "B", "C"], (t, n) => Number(`${t + 3}.${n}`));
  const table = write(t, ws, 4, 1, [["id", "KRAV\nNR."], ["text", "KRAVBESKRIVELSE"], ["type", "TYPE\n(A/B/C)"], ["weight", "VEKT"], ["met", "OPPFYLT?\nJA/NEI/DELVIS"], ["answer", "LEVERANDØRENS\nBESVARELSE"], ["points", "POENG\n(0–10)"]], data, {
    codes: "ask", value: (role, row) => (role === "weight" ? row.weight / 100 : undefined),
  });
  for (let r = table.first; r <= table.last; r++) {
    ws.getCell(r, 1).numFmt = "0.0";
    ws.getCell(r, 4).numFmt = "0 %";
  }
  ws.getCell(table.last + 1, 2).value = "Sum";
  ws.getCell(table.last + 1, 4).value = { formula: `SUM(D${table.first}:D${table.last})`, result: data.reduce((s, r) => s + r.weight / 100, 0) };
  ws.getCell(table.last + 3, 1).value = "Oppdiktet direktorat tar forbehold om endringer.";
  ws.pageSetup = { orientation: "landscape", fitToPage: true, fitToWidth: 1, fitToHeight: 0, printTitlesRow: "4:4", printArea: `A1:G${table.last}` };
  ws.headerFooter = { oddFooter: "&LSak 2026/0042&RSide &P av &N" };
  await t.save(wb);
}

async function avkryss() {
  const t = new Truth("avkryss", "Ja, Nei og Delvis er hver sin kolonne til å krysse i, under en sammenslått overskrift; id og krav er slått sammen over begge topprader.", {});
  const wb = book();
  const ws = wb.addWorksheet("Kravmatrise");
  const columns = [["id", "Krav-ID"], ["text", "Krav"], [undefined, "Ja"], [undefined, "Nei"], [undefined, "Delvis"], ["answer", "Utdypende svar"]];
  head(ws, 2, 1, ["Krav-ID", "Krav", "Oppfylt (sett kryss)", null, null, "Leverandørens svar"]);
  head(ws, 3, 1, [null, null, "Ja", "Nei", "Delvis", null]);
  for (const range of ["A2:A3", "B2:B3", "C2:E2", "F2:F3"]) ws.mergeCells(range);
  const table = write(t, ws, 2, 1, columns, rows("nb", ["bruk", "K-STYRING", "K-AVSLUTNING"], [undefined], (t, n) => `R${t}-${n}`), { header: [2, 3] });
  table.uncertain = ["met"];
  await t.save(wb);
}

async function tabellobjekt() {
  const t = new Truth("tabellobjekt", "Excel-tabell med sumrad, temafarger, stolper, fargeskala og ikoner; Obligatorisk/Ønskelig; skjult hjelpekolonne.");
  const wb = book();
  const ws = wb.addWorksheet("Kravtabell");
  ws.getCell("B1").value = BODY;
  const data = rows("nb", ["K-ARKITEKTUR", "K-UTVIKLING", "integrasjon", "saksbehandling"], ["Obligatorisk", "Ønskelig"], dotted);
  const columns = [["id", "ID"], ["text", "Kundens krav"], ["type", "Krav-kategori"], ["weight", "Vekt"], ["met", "Status"], ["answer", "Leverandørens svar"], [undefined, "Hjelp"]];
  ws.addTable({
    name: "Krav", ref: "B3", headerRow: true, totalsRow: true, style: { theme: "TableStyleLight9", showRowStripes: true },
    columns: columns.map(([role, h]) => ({ name: h, filterButton: true, ...(role === "weight" ? { totalsRowFunction: "sum" } : role === "id" ? { totalsRowLabel: "Sum" } : {}) })),
    rows: data.map((r) => [r.id, r.text, r.type, r.weight, "", "", r.requirement ?? ""]),
  });
  const table = t.table("Kravtabell", [3], { id: "B", text: "C", type: "D", weight: "E", met: "F", answer: "G" }, { Obligatorisk: "minimum", Ønskelig: "should" });
  table.first = 4;
  table.last = 3 + data.length;
  data.forEach((r, i) => r.requirement && (table.requirements[4 + i] = r.requirement));
  ws.getColumn("H").hidden = true;
  ws.getColumn("C").width = 60;
  const cells = `E4:E${table.last}`;
  ws.addConditionalFormatting({ ref: cells, rules: [{ type: "dataBar", cfvo: [{ type: "min" }, { type: "max" }], color: { theme: 5 }, priority: 1 }, { type: "colorScale", cfvo: [{ type: "min" }, { type: "max" }], color: [{ argb: "FFFFFFFF" }, { argb: "FF63BE7B" }], priority: 2 }] });
  ws.addConditionalFormatting({ ref: `B4:B${table.last}`, rules: [{ type: "iconSet", iconSet: "3Flags", cfvo: [{ type: "percent", value: 0 }, { type: "percent", value: 33 }, { type: "percent", value: 67 }], priority: 3 }] });
  await t.save(wb);
}

async function tommeRader() {
  const t = new Truth("tomme-rader", "Tomme rader mellom kravene, underpunkter i egne rader uten id, svarkolonner uten celler; ingen typekolonne.");
  const wb = book();
  const ws = wb.addWorksheet("Kravliste ", { properties: { outlineLevelRow: 1 } });
  head(ws, 6, 3, ["Nr.", "Krav", "Beskriv hvordan kravet oppfylles", "Forbehold"]);
  const table = t.table("Kravliste ", [6], { id: "C", text: "D", answer: "E", deviation: "F" });
  let r = table.first = 7;
  rows("nb", ["K-HENDELSE", "bruk", "K-LOGG", "miljø"], [undefined], (t, n, i) => `${i})`).forEach((row, i) => {
    if (i > 0) table.skip.push(r++);
    ws.getCell(r, 3).value = row.id;
    ws.getCell(r, 4).value = row.text;
    if (row.requirement) table.requirements[r] = row.requirement;
    table.last = r++;
    if (i % 4 === 1) {
      for (const point of ["a) gjelder alle moduler", "b) gjelder også testmiljøet"]) {
        ws.getCell(r, 4).value = point;
        ws.getRow(r).outlineLevel = 1;
        table.skip.push(r++);
      }
    }
  });
  table.skip = table.skip.filter((n) => n < table.last);
  await t.save(wb);
}

async function engelskGrupper() {
  const t = new Truth("engelsk-grupper", "Engelsk, todelt topprad med «Customer» og «Supplier», id slått sammen over begge radene, sammenslåtte svarceller over to kolonner, grupperte kolonner; M/O uten forklaring.");
  const wb = book();
  const ws = wb.addWorksheet("Security requirements");
  head(ws, 3, 2, ["ID", "Customer", null, null, "Supplier", null, null, null]);
  head(ws, 4, 2, [null, "Requirement text", "M/O", "Documentation requirement", "Compliance", "Supplier's description", null, "Reference"]);
  for (const range of ["B3:B4", "C3:E3", "F3:I3", "G4:H4"]) ws.mergeCells(range);
  const table = write(t, ws, 3, 2, [["id", "ID"], ["text", ""], ["type", ""], ["instruction", ""], ["met", ""], ["answer", ""], [undefined, ""], ["reference", ""]],
    rows("en", ["K-STYRING", "K-PERSONELL", "K-TILGANG", "drift"], ["M", "O"], (t, n) => `SEC-${t}${n}`), { header: [3, 4], codes: "ask" });
  for (let r = table.first; r <= table.last; r++) ws.mergeCells(r, 7, r, 8);
  choose(ws, "F", table, '"Compliant,Partly,Not compliant"');
  ws.getColumn("E").outlineLevel = 1;
  await t.save(wb);
}

async function cvSkjema() {
  const t = new Truth("cv-skjema", "CV-skjema for tilbudte konsulenter; overskriftene Nr., Beskrivelse og Kommentar, men ingen krav.", { none: true });
  const wb = book();
  const ws = wb.addWorksheet("CV");
  ws.getCell("A1").value = "Bilag: CV for tilbudt nøkkelpersonell (fylles ut av leverandøren)";
  ["Navn", "Stilling", "Ansatt siden", "Utdanning", "Språk"].forEach((label, i) => {
    ws.getCell(3 + i, 1).value = label;
    ws.getCell(3 + i, 2).border = box;
  });
  head(ws, 10, 1, ["Nr.", "Oppdrag", "Periode", "Rolle", "Beskrivelse", "Kommentar"]);
  for (let i = 1; i <= 6; i++) {
    ws.getCell(10 + i, 1).value = i;
    for (let c = 1; c <= 6; c++) ws.getCell(10 + i, c).border = box;
  }
  await t.save(wb);
}

await flereArk();
await stroem();
await tallId();
await avkryss();
await tabellobjekt();
await tommeRader();
await engelskGrupper();
await cvSkjema();
