// Copies the styles and fonts that the pages use from node_modules into dist,
// and our own scripts, under names that carry a hash of their content, and
// writes manifest.json (plain name → hashed name). Every text file also gets a
// gzip twin. The program embeds dist; run "npm ci" first.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const manifest = {};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

function put(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}.${hash}${name.slice(dot)}`;
  writeFileSync(join(dist, hashed), bytes);
  if (!/\.woff2$/.test(name)) writeFileSync(join(dist, hashed + ".gz"), gzipSync(bytes, { level: 9 }));
  manifest[name] = hashed;
  return hashed;
}

const modules = (...path) => readFileSync(join(here, "node_modules", ...path));

// A font that is not there in time is left for the next page: text that has been
// drawn does not move. What stands in for it is made as wide as it is.
const faces = [400, 500, 600].map((weight) => {
  const file = put(`inter-${weight}.woff2`, modules("@fontsource", "inter", "files", `inter-latin-${weight}-normal.woff2`));
  return `@font-face{font-family:Inter;font-style:normal;font-weight:${weight};font-display:optional;src:url("${file}") format("woff2")}`;
});

faces.push(`@font-face{font-family:"Inter fallback";size-adjust:107%;ascent-override:90%;descent-override:22.5%;line-gap-override:0%;src:local("Arial"),local("Liberation Sans"),local("Helvetica")}`);

const own = readdirSync(join(here, "css")).filter((f) => f.endsWith(".css")).sort();
put("app.css", Buffer.concat([
  Buffer.from(faces.join("\n") + "\n"),
  modules("@digdir", "designsystemet-css", "dist", "theme", "designsystemet.css"),
  modules("@digdir", "designsystemet-css", "dist", "src", "index.css"),
  ...own.map((f) => readFileSync(join(here, "css", f))),
]));
// A script names the scripts it imports by their hashed names, so its own hash
// changes when one of them does.
function script(name) {
  if (manifest[name]) return manifest[name];
  const source = readFileSync(join(here, "js", name), "utf8");
  return put(name, Buffer.from(source.replace(/ from "\.\/([a-z]+\.js)";/g, (_, other) => ` from "./${script(other)}";`)));
}
for (const name of readdirSync(join(here, "js"))) script(name);
put("icon.svg", readFileSync(join(here, "icons", "icon.svg")));

writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
