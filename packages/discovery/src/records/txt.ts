/**
 * The TXT data of a DNS-SD instance (RFC 6763, section 6) as a map, and a signature over it. What is signed is the
 * TXT data itself without the signature, sorted by key: responders and libraries may hand the strings over in
 * another order.
 */
import { isSignedBy, signBytes } from '@espalier/core/identity';

export type Txt = ReadonlyMap<string, string>;

/** One string of TXT data, `key=value` in UTF-8, has at most so many bytes. */
export const MAX_TXT_STRING = 255;

const SIGNATURE_KEY = 's';

export function encodeTxt(txt: Txt): Buffer[] {
  return [...txt].map(([key, value]) => Buffer.from(`${key}=${value}`));
}

/** Nothing where it is not `key=value` strings of printable keys; of a key that stands twice the first counts. */
export function decodeTxt(strings: readonly Uint8Array[]): Txt | undefined {
  const txt = new Map<string, string>();
  for (const bytes of strings) {
    const text = Buffer.from(bytes).toString();
    if (text === '') continue;
    const at = text.indexOf('=');
    const key = (at === -1 ? text : text.slice(0, at)).toLowerCase();
    if (!/^[\x20-\x3c\x3e-\x7e]+$/.test(key)) return undefined;
    if (!txt.has(key)) txt.set(key, at === -1 ? '' : text.slice(at + 1));
  }
  return txt;
}

/** The strings as bytes, each behind its length, as TXT data is in a packet. */
export function packStrings(strings: readonly Uint8Array[]): Buffer {
  return Buffer.concat(strings.flatMap((bytes) => [Buffer.of(bytes.length), bytes]));
}

/** Nothing where a string is longer than what is there. */
export function unpackStrings(bytes: Uint8Array): Uint8Array[] | undefined {
  const strings: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end > bytes.length) return undefined;
    strings.push(bytes.subarray(at + 1, end));
    at = end;
  }
  return strings;
}

/** `purpose` and the instance's name are signed too, so no record can be shown as another one. */
export function signTxt(purpose: string, instance: string, txt: Txt, privateKey: string): Txt {
  return new Map([...txt, [SIGNATURE_KEY, signBytes(privateKey, signedBytes(purpose, instance, txt))]]);
}

export function isTxtSignedBy(purpose: string, instance: string, txt: Txt, publicKey: string): boolean {
  const signature = txt.get(SIGNATURE_KEY);
  return signature !== undefined && isSignedBy(publicKey, signedBytes(purpose, instance, txt), signature);
}

export function isUnsigned(txt: Txt): boolean {
  return !txt.has(SIGNATURE_KEY);
}

function signedBytes(purpose: string, instance: string, txt: Txt): Buffer {
  const fields = [...txt].filter(([key]) => key !== SIGNATURE_KEY).sort(([a], [b]) => (a < b ? -1 : 1));
  const strings = [purpose, instance, ...fields.map(([key, value]) => `${key}=${value}`)].map((text) =>
    Buffer.from(text),
  );
  // Each string behind its length, so that no two lists of strings give the same bytes.
  return Buffer.concat(
    strings.flatMap((bytes) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      return [length, bytes];
    }),
  );
}
