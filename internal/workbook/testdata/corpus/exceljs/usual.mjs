// Workbooks with rich text, notes, pictures and locks.
import { book, choose, head, rows, Truth, write } from "./corpus.mjs";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async function rikTekst() {
  const t = new Truth("rik-tekst", "Overskrifter og kravtekster med formatert tekst i cellen, våpenskjold som bilde, merknader; Skal/Bør; svarkolonnene har ingen celler.");
  const wb = book();
  const ws = wb.addWorksheet("Kravliste", { views: [{ state: "frozen", ySplit: 7, xSplit: 1 }] });
  ws.getCell("A1").value = { richText: [{ text: "Oppdiktet fylkeskommune ", font: { bold: true, size: 18 } }, { text: "– krav til skyløsning", font: { italic: true, size: 14 } }] };
  ws.mergeCells("A1:F2");
  ws.addImage(wb.addImage({ base64: pixel, extension: "png" }), { tl: { col: 6, row: 0 }, ext: { width: 60, height: 60 } });
  ws.getCell("A4").value = "Skal = absolutt krav. Bør = vektes i evalueringen.";
  const columns = [["id", "Krav-ID"], ["theme", "Tema"], ["text", "Kravtekst"], ["type", "Skal/Bør"], ["met", "Oppfylt (Ja/Nei/Delvis)"], ["answer", "Leverandørens svar"], ["reference", "Vedlegg/referanse"]];
  head(ws, 7, 1, columns.map(([, h]) => h));
  ws.getCell("C7").value = { richText: [{ text: "Krav", font: { bold: true } }, { text: "tekst", font: { bold: true, italic: true } }] };
  ws.getCell("E7").note = "Velg fra listen.";
  const table = write(t, ws, 7, 1, columns, rows("nb", ["bruk", "K-TILGANG", "K-PERSONELL"], ["Skal", "Skal", "Bør"], (t, n) => `SKY-${t}${String(n).padStart(2, "0")}`), {
    header: [7], codes: { Skal: "minimum", Bør: "scored" },
    value: (role, row) => {
      if (role === "answer" || role === "reference") return null;
      if (role !== "text") return undefined;
      const at = row.text.indexOf(" skal ");
      if (at < 0) return undefined;
      return { richText: [{ text: row.text.slice(0, at) }, { text: " skal", font: { bold: true, color: { argb: "FFC00000" } } }, { text: row.text.slice(at + 5) }] };
    },
  });
  choose(ws, "E", table, '"Ja,Nei,Delvis"');
  await t.save(wb);
}

async function laast() {
  const t = new Truth("laast", "Arket er låst med passord, og ingen celler er åpne, heller ikke svarcellene; O/V uten forklaring; merknadskolonne.");
  const wb = book();
  const ws = wb.addWorksheet("Bilag 1 Krav");
  ws.getCell("B1").value = "Bilag 1: Kundens kravspesifikasjon";
  ws.getCell("B1").font = { size: 16, bold: true };
  const table = write(t, ws, 3, 2, [["id", "Krav nr"], ["text", "Krav"], ["type", "O/V"], ["instruction", "Svarinstruks"], ["met", "J/N/D"], ["answer", "Leverandørens besvarelse"], ["comment", "Kommentar"]],
    rows("nb", ["drift", "K-ARKITEKTUR", "K-UTVIKLING", "opplæring"], ["O", "O", "V"], (t, n) => `${t}.${n}`), { codes: "ask" });
  choose(ws, "F", table, '"J,N,D"');
  ws.autoFilter = `B3:H${table.last}`;
  await ws.protect("oppdiktet", { formatColumns: true, selectLockedCells: true });
  await t.save(wb);
}

await rikTekst();
await laast();
