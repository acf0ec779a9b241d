/**
 * Bytes as text and back. Nothing here has a side effect.
 * @module
 */

/**
 * Standard base64 with padding.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toBase64(bytes) {
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
}

/**
 * The bytes of standard base64. Throws on any text that toBase64 would not have made.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new Error("not canonical base64");
  return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} lower-case hexadecimal.
 */
export function toHex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {string} hex whole bytes.
 * @returns {Uint8Array}
 */
export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
}

/**
 * @param {BufferSource} bytes
 * @returns {Promise<Uint8Array>} 32 bytes.
 */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * A public key as a PEM block (RFC 7468).
 * @param {Uint8Array} spki SubjectPublicKeyInfo in DER.
 * @returns {string}
 */
export function toPEM(spki) {
  const lines = toBase64(spki).match(/.{1,64}/g).join("\n");
  return `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`;
}

/**
 * The text of UTF-8 bytes, each byte accounted for: a byte order mark stays, and bytes that are
 * no text throw.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toText(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/**
 * Text in which characters that do not show, or that turn the order of others, are written as
 * escapes, so that it looks like what it is.
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}
