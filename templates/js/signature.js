/**
 * Signatures in the forms that the service, openssl and cosign read.
 * @module
 */
import { fromHex, toBase64 } from "./bytes.js";

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/**
 * A positive integer in DER (X.690 §8.3): no zeros in front but the one that keeps it positive.
 * @param {Uint8Array} bytes big-endian.
 * @returns {number[]}
 */
function derInteger(bytes) {
  const first = bytes.findIndex((b) => b !== 0);
  if (first < 0) throw new Error("a part of the signature is zero");
  const digits = [...bytes.subarray(first)];
  if (digits[0] & 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}

/**
 * WebCrypto gives an ECDSA signature as r and s side by side (IEEE P1363); everybody else reads
 * the DER sequence of RFC 3279 §2.2.3.
 * @param {Uint8Array} raw 64 bytes, of a P-256 signature.
 * @returns {Uint8Array}
 */
export function toDER(raw) {
  if (raw.length !== 64) throw new Error("not a signature by a P-256 key");
  const body = [...derInteger(raw.subarray(0, 32)), ...derInteger(raw.subarray(32))];
  return Uint8Array.of(0x30, body.length, ...body);
}

/**
 * What a DSSE signature covers (DSSE v1.0.2, protocol.md).
 * @param {Uint8Array} payload
 * @returns {Uint8Array}
 */
export function preAuthEncoding(payload) {
  const head = new TextEncoder().encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `);
  const out = new Uint8Array(head.length + payload.length);
  out.set(head);
  out.set(payload, head.length);
  return out;
}

/**
 * @param {CryptoKey} key a private P-256 key.
 * @param {Uint8Array} message
 * @returns {Promise<Uint8Array>} an ECDSA signature with SHA-256, in DER.
 */
export async function signMessage(key, message) {
  return toDER(new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, message)));
}

/**
 * @param {import("./keystore.js").Held} held
 * @param {Uint8Array} payload an in-toto statement, signed as it is.
 * @returns {Promise<string>} a Sigstore bundle v0.3 in JSON.
 */
export async function signBundle(held, payload) {
  const sig = await signMessage(held.key, preAuthEncoding(payload));
  return JSON.stringify({
    mediaType: MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: toBase64(fromHex(held.id)) } },
    dsseEnvelope: { payload: toBase64(payload), payloadType: PAYLOAD_TYPE, signatures: [{ sig: toBase64(sig) }] },
  });
}
