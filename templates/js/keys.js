/**
 * Makes a key in the browser and enrols it. The forms are those of the pages: the service's rules
 * are the same for every key.
 * @module
 */
import { fromBase64, toBase64, toText } from "./bytes.js";
import { available, drop, keep, keysOf, make } from "./keystore.js";
import { Refusal, bring } from "./panel.js";
import { signMessage } from "./signature.js";

/** A key that nobody has enrolled by then cannot be any more: its challenge has run out. */
const FORGOTTEN = 60 * 60 * 1000;

/**
 * Holds the keys of this browser together with what the page says of them.
 * @param {HTMLElement} root
 */
async function reconcile(root) {
  const { supplier, refused, waiting } = root.dataset;
  for (const held of await keysOf(supplier)) {
    const listed = document.querySelector(`[data-key="${held.id}"]`);
    if (listed) {
      listed.querySelector("[data-here]").hidden = false;
      if (!held.enrolled) await keep({ ...held, enrolled: true });
    } else if (!held.enrolled && held.id !== waiting && (refused || Date.now() - held.made > FORGOTTEN)) {
      await drop(held);
    }
  }
}

/** @param {import("./panel.js").Panel} panel */
async function startMaking(panel) {
  if (!available()) return panel.show("unavailable");
  try {
    await reconcile(panel.root);
  } catch {
    return panel.show("blocked");
  }
  panel.show("ready");
  const byFile = document.querySelector("[data-by-file]");
  byFile.open = byFile.querySelector("[aria-invalid]") !== null;
  const form = panel.find("form");
  panel.onSubmit(form, "making", async () => {
    try {
      form.elements.publicKey.value = await make(panel.root.dataset.supplier, form.elements.label.value);
    } catch {
      throw new Refusal("blocked");
    }
    form.submit();
  });
}

/**
 * Reads a challenge. Never sign what one cannot read: the text says what it is for, so that it can
 * be no statement and no document.
 * @param {import("./keystore.js").Held} held
 * @param {string} encoded the challenge in base64.
 * @returns {Uint8Array} the bytes, if they are this supplier's enrolment of this key, in plain ASCII.
 */
function readChallenge(held, encoded) {
  const expected = `felleskrav key enrolment v1\nsupplier: 0192:${held.supplier}\nkey: ${held.id}\n`;
  try {
    const bytes = fromBase64(encoded);
    const text = toText(bytes);
    if (text.startsWith(expected) && /^[\x20-\x7e\n]*$/.test(text)) return bytes;
  } catch {
    // told below
  }
  throw new Refusal("challenge");
}

/** @param {import("./panel.js").Panel} panel */
async function startProving(panel) {
  const { supplier, proves, challenge } = panel.root.dataset;
  if (!available()) return;
  const keys = await keysOf(supplier).catch(() => []); // a browser that keeps nothing has no key either
  const held = keys.find((key) => key.id === proves);
  if (!held) return; // the key is kept elsewhere
  document.querySelector("[data-by-hand]").hidden = true;
  let bytes;
  try {
    bytes = readChallenge(held, challenge);
  } catch (error) {
    await drop(held);
    throw error;
  }
  panel.find("[data-shown]").textContent = toText(bytes);
  panel.show("ready");
  const form = panel.find("form");
  form.querySelector("button").focus();
  panel.onSubmit(form, "proving", async () => {
    form.elements.signature.value = toBase64(await signMessage(held.key, bytes));
    form.submit();
  });
}

await bring("[data-make]", startMaking);
await bring("[data-prove]", startProving);
