// Opens workbooks and saves them again: save.cjs MODULES IN OUT.
const { readdirSync } = require("node:fs");
const { join } = require("node:path");
const [modules, source, target] = process.argv.slice(2);
const ExcelJS = require(join(modules, "exceljs"));

(async () => {
  for (const name of readdirSync(source).sort()) {
    const book = new ExcelJS.Workbook();
    await book.xlsx.readFile(join(source, name));
    await book.xlsx.writeFile(join(target, name));
  }
})();
