/**
 * Signs a statement with a key that this browser holds. What is signed is what this script has
 * itself read and shown: the bytes, and nothing that the page says about them.
 * @module
 */
import { fromBase64, sha256, toHex, toText, visible } from "./bytes.js";
import { available, keep, keysOf } from "./keystore.js";
import { Refusal, bring } from "./panel.js";
import { signBundle } from "./signature.js";

/** The statements that can be read here: who they are by, and what their summaries hold. */
const SUMMARIES = {
  "urn:felleskrav:attestation:supplier-declaration:v1": (predicate) => ({
    by: predicate.supplier,
    set: `${predicate.requirementSet.uri.split(":").pop()} ${predicate.requirementSet.version}`,
    answers: String(predicate.answers.length),
    until: moment(predicate.validUntil),
  }),
  "urn:felleskrav:attestation:withdrawal:v1": (predicate) => ({ by: predicate.supplier, reason: predicate.reason }),
  "urn:felleskrav:attestation:review:v1": (predicate) => ({
    by: predicate.reviewer,
    requirement: predicate.requirement,
    reason: predicate.reason,
    conditions: predicate.conditions ?? "–",
    until: moment(predicate.validUntil),
  }),
  "urn:felleskrav:attestation:review-withdrawal:v1": (predicate) => ({ by: predicate.reviewer, reason: predicate.reason }),
};

/**
 * Writes a time as the pages do: 30.11.2027 kl. 23.59.
 * @param {string} time RFC 3339.
 */
function moment(time) {
  const at = new Date(time);
  const timeZone = "Europe/Oslo";
  if (document.documentElement.lang === "en") return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone }).format(at);
  const form = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone });
  const { day, month, year, hour, minute } = Object.fromEntries(form.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${day}.${month}.${year} kl. ${hour}.${minute}`;
}

/**
 * Writes an identifier as people read it: 910 000 012.
 * @param {string} id
 */
function grouped(id) {
  return id.replace(/^0192:(\d{3})(\d{3})(\d{3})$/, "$1 $2 $3");
}

/**
 * Reads the bytes as the one document they can be read as: text with a field twice, or written in
 * any other way than the canonical, is refused (RFC 8785).
 * @param {Uint8Array} bytes
 */
function parse(bytes) {
  try {
    const text = toText(bytes);
    const statement = JSON.parse(text);
    if (JSON.stringify(statement) === text) return statement;
  } catch {
    // told below
  }
  throw new Refusal("content");
}

/**
 * Checks that the statement is of the kind, by the supplier and about the thing that the page says.
 * @param {object} statement
 * @param {DOMStringMap} page
 */
function checkAbout(statement, page) {
  if (statement._type !== "https://in-toto.io/Statement/v1" || !(statement.predicateType in SUMMARIES)) {
    throw new Refusal("content");
  }
  const about = statement.subject.length === 1 && statement.subject[0].name === page.subject;
  if (!about || statement.predicateType !== page.predicate || SUMMARIES[statement.predicateType](statement.predicate).by.id !== `0192:${page.supplier}`) {
    throw new Refusal("other");
  }
}

/**
 * Fills in the summary from the statement.
 * @param {import("./panel.js").Panel} panel
 * @param {object} statement
 */
function summarise(panel, { predicate, predicateType, subject }) {
  const { by, ...says } = SUMMARIES[predicateType](predicate);
  const values = { by: `${by.name} (${grouped(by.id)})`, ...says };
  for (const [name, value] of Object.entries(values)) {
    panel.find(`[data-value="${name}"]`).textContent = visible(value);
  }
  // A declaration is about what the page names, which checkAbout has seen to.
  const about = panel.root.querySelector("[data-value=subject]");
  if (about) about.textContent = visible(subject[0].name.split(":").pop().slice(0, 12));
  if (predicate.outcome) panel.find(`[data-outcome="${predicate.outcome}"]`).hidden = false;
  for (const { status } of predicate.answers ?? []) {
    const count = panel.find(`[data-answer="${status}"] [data-count]`);
    count.textContent = String(Number(count.textContent) + 1);
    count.closest("[data-answer]").hidden = false;
  }
}

/**
 * Reads and shows what is to be signed.
 * @param {import("./panel.js").Panel} panel
 * @param {HTMLFormElement} upload
 * @returns {Promise<Uint8Array>}
 */
async function showStatement(panel, upload) {
  let bytes;
  try {
    bytes = fromBase64(upload.elements.statement.value);
  } catch {
    throw new Refusal("digest");
  }
  if (toHex(await sha256(bytes)) !== document.querySelector("[data-digest]").textContent.trim()) throw new Refusal("digest");
  const statement = parse(bytes);
  try {
    checkAbout(statement, panel.root.dataset);
    summarise(panel, statement);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal("content");
  }
  panel.find("[data-shown]").textContent = visible(JSON.stringify(statement, null, 2));
  return bytes;
}

/**
 * Whether a key was made and enrolled, in another tab, after this page was drawn.
 * @param {import("./keystore.js").Held} held
 */
function enrolledSince(held) {
  return held.enrolled && held.made > performance.timeOrigin;
}

/**
 * Finds a key to sign with, and tells the state that the panel is in with it.
 * @param {DOMStringMap} page
 * @returns {Promise<{state: string, held?: import("./keystore.js").Held}>}
 */
async function chooseKey({ supplier, valid, ended }) {
  if (!available()) return { state: "unavailable" };
  let keys;
  try {
    keys = await keysOf(supplier);
  } catch {
    return { state: "blocked" };
  }
  const held = keys.find((key) => valid.split(" ").includes(key.id) || enrolledSince(key));
  if (held) return { state: "ready", held };
  return { state: keys.some((key) => ended.split(" ").includes(key.id)) ? "ended" : "missing" };
}

/**
 * Puts a file into a form as if the person had chosen it.
 * @param {HTMLInputElement} input
 * @param {File} file
 */
function choose(input, file) {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
}

/** @param {import("./panel.js").Panel} panel */
async function start(panel) {
  const upload = document.querySelector("form[data-upload]");
  const { state, held } = await chooseKey(panel.root.dataset);
  if (!held) {
    panel.show(state);
    // A key may be on its way in another tab.
    document.addEventListener("visibilitychange", () => bring("[data-sign]", start), { once: true });
    return;
  }
  if (!held.enrolled) await keep({ ...held, enrolled: true });
  const bytes = await showStatement(panel, upload);
  panel.find("[data-value=key]").textContent = `${held.label} (${held.id.slice(0, 12)})`;
  document.querySelector("[data-served]").hidden = true; // what the panel shows takes its place
  document.querySelector("[data-by-file]").open = false;
  panel.show("ready");
  panel.onSubmit(panel.find("form"), "signing", async () => {
    const bundle = await signBundle(held, bytes);
    choose(upload.elements.bundle, new File([bundle], "bundle.json", { type: "application/json" }));
    upload.submit();
  });
}

await bring("[data-sign]", start);
