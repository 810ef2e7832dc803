/** A note: what everybody sends to everybody, numbered by sender and receiver. */

/** @typedef {{ from: string, number: number, sum: number, body: string | ArrayBuffer }} Note */

/** @param {string | ArrayBuffer} body */
export function sumOf(body) {
  let sum = 0;
  if (typeof body === 'string') {
    for (let at = 0; at < body.length; at += 97) sum = (sum * 31 + body.charCodeAt(at)) >>> 0;
  } else {
    const bytes = new Uint8Array(body);
    for (let at = 0; at < bytes.length; at += 97) sum = (sum * 31 + Number(bytes[at])) >>> 0;
  }
  return sum;
}

/** What one receiver has had of each sender: only ever a higher number than the last. */
export class Inbox {
  /** @type {string[]} */
  violations = [];
  /** Notes by sender, calls apart. @type {Record<string, number>} */
  received = {};
  /** @type {Map<string, number>} */
  #last = new Map();
  #owner;

  /** @param {string} owner */
  constructor(owner) {
    this.#owner = owner;
  }

  /** @param {Note} note @param {boolean} isCall */
  take(note, isCall = false) {
    this.order(this.#owner, note);
    if (sumOf(note.body) !== note.sum)
      this.violations.push(`${this.#owner}: note ${note.number} of ${note.from} has changed on its way`);
    if (!isCall) this.received[note.from] = (this.received[note.from] ?? 0) + 1;
  }

  /** @param {string} receiver @param {{ from: string, number: number }} note */
  order(receiver, { from, number }) {
    const key = `${receiver} ${from}`;
    const last = this.#last.get(key) ?? 0;
    if (number <= last)
      this.violations.push(`${receiver}: note ${number} of ${from} came after its note ${last}`);
    this.#last.set(key, Math.max(last, number));
  }
}
