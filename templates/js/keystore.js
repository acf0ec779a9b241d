/**
 * The keys that this browser holds, in IndexedDB. A private key is kept as an object that can sign
 * and that no script can read the digits of.
 * @module
 */
import { sha256, toHex, toPEM } from "./bytes.js";

/**
 * @typedef {object} Held
 * @property {string} id SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal: what the service calls the key.
 * @property {string} supplier the organisation number, nine digits.
 * @property {string} label
 * @property {Date} made
 * @property {boolean} enrolled whether a page has shown the key as enrolled.
 * @property {CryptoKey} key the private key.
 */

/** @returns {boolean} whether the page may use keys at all: browsers want https for it. */
export function available() {
  return isSecureContext && Boolean(globalThis.crypto?.subtle && globalThis.indexedDB);
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("felleskrav", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Runs one request in a transaction of its own.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(keys: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} the result, once it is on disk.
 */
async function transact(mode, act) {
  const db = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction("keys", mode);
      const request = act(transaction.objectStore("keys"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    db.close();
  }
}

/**
 * @param {string} supplier
 * @returns {Promise<Held[]>} its keys in this browser, the newest first.
 */
export async function keysOf(supplier) {
  const all = await transact("readonly", (keys) => keys.getAll());
  return all.filter((held) => held.supplier === supplier).sort((a, b) => b.made - a.made);
}

/**
 * Makes a key pair and keeps it, in place of any that was never enrolled.
 * @param {string} supplier
 * @param {string} label
 * @returns {Promise<string>} the public key in PEM.
 */
export async function make(supplier, label) {
  // Asks the browser not to clear the keys by itself when the disk is full.
  navigator.storage?.persist?.().catch(() => {});
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  for (const held of await keysOf(supplier)) {
    if (!held.enrolled) await drop(held);
  }
  const id = toHex(await sha256(spki));
  await keep({ id, supplier, label, made: new Date(), enrolled: false, key: pair.privateKey });
  return toPEM(spki);
}

/** @param {Held} held */
export async function keep(held) {
  await transact("readwrite", (keys) => keys.put(held));
}

/** @param {Held} held */
export async function drop(held) {
  await transact("readwrite", (keys) => keys.delete(held.id));
}
