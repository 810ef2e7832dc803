/**
 * The five payloads. Both sides of every benchmark build their messages here and sum them here, so that
 * reference and subject carry the same work.
 *
 * Invariants: `build(name, i)` depends on nothing but its arguments; it makes a new object each time; `sum` reads
 * every field; all sums are integers far below 2 ** 53, so they agree exactly or something was lost.
 */
import { buildPoly, sumPoly } from './poly-payload.mjs';

/** @typedef {'small' | 'nested' | 'poly' | 'text' | 'rich'} PayloadName */

const WORDS = ['get', 'put', 'list', 'drop'];
const BASE_TEXT = Array.from({ length: 4096 }, (_, i) =>
  String.fromCharCode(97 + ((i * 7 + (i >> 3)) % 26)),
).join('');
const TEXT_LENGTH = 2048;

/** @param {number} i */
const word = (i) => /** @type {string} */ (WORDS[i & 3]);

/** @param {number} i */
function buildSmall(i) {
  return { id: i, op: word(i), data: (i * 31) % 1009 };
}

/** @param {ReturnType<typeof buildSmall>} value */
function sumSmall(value) {
  return value.id + value.op.length + value.data;
}

/** Twenty fields on three levels, as an order in a shop might have. @param {number} i */
function buildNested(i) {
  return {
    id: i,
    kind: word(i),
    urgent: i % 3 === 0,
    customer: {
      id: i + 7,
      name: 'Ada Vine',
      visits: i % 50,
      address: { street: 'Orchard Row', number: i % 90, town: 'Kew', code: 1000 + (i % 900) },
    },
    item: {
      sku: 'pear-espalier',
      count: (i % 9) + 1,
      price: 250 + (i % 77),
      size: { width: 120, height: i % 200, weight: 4000 + (i % 11) },
    },
  };
}

/** @param {ReturnType<typeof buildNested>} value */
function sumNested(value) {
  const { customer, item } = value;
  const { address } = customer;
  const { size } = item;
  return (
    value.id +
    value.kind.length +
    (value.urgent ? 1 : 0) +
    customer.id +
    customer.name.length +
    customer.visits +
    address.street.length +
    address.number +
    address.town.length +
    address.code +
    item.sku.length +
    item.count +
    item.price +
    size.width +
    size.height +
    size.weight
  );
}

/** @param {number} i */
function buildText(i) {
  const start = (i * 13) % (BASE_TEXT.length - TEXT_LENGTH);
  return BASE_TEXT.slice(start, start + TEXT_LENGTH);
}

/** Reading all of 2 kB would measure the reading; 32 places find any loss or shift. @param {string} value */
function sumText(value) {
  let total = value.length;
  for (let at = 0; at < value.length; at += 64) total += value.charCodeAt(at);
  return total;
}

/** @param {number} i */
function buildRich(i) {
  const bytes = new Uint8Array(32);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = i + at;
  return {
    id: i,
    at: new Date(1_700_000_000_000 + i),
    counts: new Map([
      ['red', i % 5],
      ['green', i % 7],
      ['blue', i % 11],
      ['grey', 3],
    ]),
    bytes,
  };
}

/** @param {ReturnType<typeof buildRich>} value */
function sumRich(value) {
  let total = value.id + (value.at.getTime() - 1_700_000_000_000);
  for (const [name, count] of value.counts) total += name.length + count;
  for (const byte of value.bytes) total += byte;
  return total;
}

/** @type {Record<PayloadName, { build: (i: number) => unknown; sum: (value: any) => number }>} */
const PAYLOADS = {
  small: { build: buildSmall, sum: sumSmall },
  nested: { build: buildNested, sum: sumNested },
  poly: { build: buildPoly, sum: sumPoly },
  text: { build: buildText, sum: sumText },
  rich: { build: buildRich, sum: sumRich },
};

export const PAYLOAD_NAMES = /** @type {readonly PayloadName[]} */ (Object.keys(PAYLOADS));

/**
 * The builder and the sum of one payload. Take it once, outside the loop.
 *
 * @param {PayloadName} name
 * @returns {{ build: (i: number) => unknown; sum: (value: unknown) => number }}
 */
export function payload(name) {
  return PAYLOADS[name];
}

/**
 * What both ends must have summed after messages 0 … count − 1.
 *
 * @param {PayloadName} name
 * @param {number} count
 */
export function expectedSum(name, count) {
  const { build, sum } = PAYLOADS[name];
  let total = 0;
  for (let i = 0; i < count; i += 1) total += sum(build(i));
  return total;
}
