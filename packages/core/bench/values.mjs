/**
 * How fast the local codec is beside what Node has: one row per payload, nanoseconds for encoding and
 * decoding one value, and how many times faster than v8.serialize + deserialize and structuredClone.
 * Rounds alternate between the three; the medians are shown. For people; nothing is asserted.
 *
 *   node packages/core/bench/values.mjs [payload …]
 */
import v8 from 'node:v8';
import { nodeTextCodec } from '../dist/threads/node-text-codec.js';
import { ByteWriter, ValueDecoder, ValueEncoder } from '../dist/values/index.js';

const ROUNDS = 11;
const WARM_UP = 2;
const ROUND_MS = 60;

const latin = 'The quick brown fox jumps over the lazy dog, and é is one byte too. '
  .repeat(30)
  .slice(0, 2000);
const wide = 'Быстрая коричневая лиса прыгает через ленивую собаку; 狐. '.repeat(40).slice(0, 2000);

const PAYLOADS = {
  small: (n) => ({ id: n, op: 'add', data: n * 2 }),
  nested: (n) => ({
    id: n,
    kind: 'order',
    open: true,
    total: n / 3,
    note: null,
    customer: {
      id: n + 1,
      name: `customer ${n % 7}`,
      active: true,
      score: 0.5,
      visits: 1200,
      tags: 'regular',
      address: { street: 'Main Street', house: 7, city: 'Springfield', zip: '12345', lat: 1.25, lon: -7.5 },
    },
    items: 3,
    currency: 'EUR',
  }),
  poly: (n) => {
    const shape = n % 200;
    const value = { kind: shape };
    for (let i = 0; i < 3 + (shape % 5); i++) value[`field${shape}_${i}`] = i + n;
    return value;
  },
  text: (n) => ({ id: n, text: latin }),
  wideText: (n) => ({ id: n, text: wide }),
  rich: (n) => ({
    at: new Date(n),
    map: new Map([
      ['a', n],
      ['b', n + 1],
    ]),
    bytes: new Uint8Array(32).fill(n),
  }),
  rows: (n) => Array.from({ length: 100 }, (_, i) => ({ id: n + i, name: `row ${i}`, price: i * 1.5 })),
  strings: (n) => ({
    a: `id-${n}`,
    b: `user:${n % 1000}:session`,
    c: 'constant',
    d: `a somewhat longer text that is ${n}`,
  }),
};

const encoder = new ValueEncoder({ maxBytes: 1 << 24, includeStack: false, text: nodeTextCodec });
const decoder = new ValueDecoder({ text: nodeTextCodec });
const writer = new ByteWriter(1 << 16);

/** As a channel does it: frames of at most 64 messages or 16 kB, taken, then decoded one by one. */
const FRAME = 64;
const FRAME_BYTES = 1 << 14;
const ends = new Array(FRAME).fill(0);
let encodeNs = 0n;
let decodeNs = 0n;

function ownCodec(values) {
  let last;
  for (let next = 0; next < FRAME;) {
    const t0 = process.hrtime.bigint();
    let count = 0;
    while (next < FRAME && writer.offset < FRAME_BYTES) {
      encoder.encode(writer, values[next++]);
      ends[count++] = writer.offset;
    }
    const bytes = writer.take();
    const t1 = process.hrtime.bigint();
    let start = 0;
    for (let i = 0; i < count; i++) {
      last = decoder.decode(bytes, start, ends[i]);
      start = ends[i];
    }
    const t2 = process.hrtime.bigint();
    encodeNs += t1 - t0;
    decodeNs += t2 - t1;
  }
  return last;
}

function serialize(values) {
  let last;
  for (const value of values) last = v8.deserialize(v8.serialize(value));
  return last;
}

function clone(values) {
  let last;
  for (const value of values) last = structuredClone(value);
  return last;
}

let serial = 0;

/** Nanoseconds for one value; building the values is not counted. */
function measure(make, subject, milliseconds) {
  let spent = 0n;
  let count = 0;
  const limit = BigInt(milliseconds * 1e6);
  while (spent < limit) {
    const values = Array.from({ length: FRAME }, () => make(serial++));
    const start = process.hrtime.bigint();
    subject(values);
    spent += process.hrtime.bigint() - start;
    count += FRAME;
  }
  return { ns: Number(spent) / count, count };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

const wanted = process.argv.slice(2);
const rows = [];
for (const [name, make] of Object.entries(PAYLOADS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    encodeNs = 0n;
    decodeNs = 0n;
    const own = measure(make, ownCodec, ROUND_MS);
    const encode = Number(encodeNs) / own.count;
    const decode = Number(decodeNs) / own.count;
    rounds.push({
      own: own.ns,
      encode,
      decode,
      v8: measure(make, serialize, ROUND_MS / 2).ns,
      clone: measure(make, clone, ROUND_MS / 2).ns,
    });
  }
  const kept = rounds.slice(WARM_UP);
  const of = (pick) => median(kept.map(pick));
  rows.push({
    payload: name,
    'encode ns': Math.round(of((r) => r.encode)),
    'decode ns': Math.round(of((r) => r.decode)),
    'v8 ns': Math.round(of((r) => r.v8)),
    'clone ns': Math.round(of((r) => r.clone)),
    '× v8': Number(of((r) => r.v8 / r.own).toFixed(1)),
    '× clone': Number(of((r) => r.clone / r.own).toFixed(1)),
  });
}
console.table(rows);
