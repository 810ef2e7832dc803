/** The vectors of docs/wire.md are what is written and read. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeFrame,
  decodePresence,
  encodeFrame,
  encodeItem,
  encodePresence,
  type IntroducedPresence,
  type Item,
} from '../../src/wire/frames.js';

const PAGE = readFileSync(new URL('../../../../docs/wire.md', import.meta.url), 'utf8');
const INCARNATION = '0123456789abcdef';
const STREAM = `beta/${INCARNATION}/1`;

const ITEMS: readonly Item[] = [
  { kind: 'message', value: { a: 1 } },
  { kind: 'cast', operation: 'tell', parameters: ['x'] },
  { kind: 'call', call: 7, operation: 'add', parameters: [1, 2] },
  { kind: 'reply', call: 7, value: 3 },
  { kind: 'failure', call: 7, code: 'refused', message: 'no', cause: undefined },
  { kind: 'cancel', call: 7 },
  { kind: 'exit', tag: 'shutdown', detail: undefined, isLast: true },
  { kind: 'kill', name: 'db', life: 3 },
  { kind: 'link' },
  { kind: 'unlink' },
];

const PRESENCES: readonly IntroducedPresence[] = [
  {
    presence: {
      kind: 'alive',
      host: 'beta',
      incarnation: INCARNATION,
      exports: [{ name: 'db', life: 2 }],
      ended: [{ name: 'db', life: 1, tag: 'killed', detail: undefined }],
    },
    introduction: { count: 5, key: new Uint8Array(32).fill(0x21) },
  },
  {
    presence: {
      kind: 'hello',
      host: 'beta',
      incarnation: INCARNATION,
      exports: [],
      ended: [],
      awaited: ['db'],
    },
    introduction: { count: 1, key: new Uint8Array(32).fill(0x21) },
  },
  { presence: { kind: 'bye', host: 'beta', incarnation: INCARNATION }, introduction: undefined },
];

const bytesOf = (item: Item): Buffer => encodeItem(item, 1000);
const onPage = (bytes: Uint8Array): string => `\`${Buffer.from(bytes).toString('hex')}\``;

describe('the wire', () => {
  test.each(ITEMS)('has the item $kind as the page says', (item) => {
    expect(PAGE).toContain(onPage(bytesOf(item)));
    expect(decodeFrame(encodeFrame(STREAM, 1, 1, [bytesOf(item)])).items).toEqual([item]);
  });

  test('has frames as the page says', () => {
    const [first] = ITEMS.map(bytesOf);
    expect(PAGE).toContain(onPage(encodeFrame(STREAM, 2, 1, first === undefined ? [] : [first])));
    expect(PAGE).toContain(onPage(encodeFrame(STREAM, 3, 3, [])));
    const frame = { stream: STREAM, seq: 9, low: 4, items: ITEMS };
    expect(decodeFrame(encodeFrame(STREAM, 9, 4, ITEMS.map(bytesOf)))).toEqual(frame);
  });

  test.each(PRESENCES)('has the presence $presence.kind as the page says', (presence) => {
    expect(PAGE).toContain(onPage(encodePresence(presence)));
    expect(decodePresence(encodePresence(presence))).toEqual(presence);
  });

  test('ignores items, presences and keys of later versions', () => {
    const later = Buffer.from('8218636178', 'hex');
    expect(decodeFrame(encodeFrame(STREAM, 1, 1, [later])).items).toEqual([{ kind: 'unknown' }]);
    const bye = { kind: 'bye', host: 'beta', incarnation: INCARNATION } as const;
    const presence = { ...bye, mood: 'good' };
    expect(decodePresence(encodePresence({ presence, introduction: undefined }))?.presence).toEqual(bye);
    const away = { ...presence, kind: 'away' } as never;
    expect(decodePresence(encodePresence({ presence: away, introduction: undefined }))).toBeUndefined();
  });

  test('has no presence without a key and a count', () => {
    const [first] = PRESENCES;
    const bare = encodePresence({ presence: first?.presence as never, introduction: undefined });
    expect(() => decodePresence(bare)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('is malformed or read, whatever bytes come', () => {
    const codeOf = (work: () => unknown): unknown => {
      try {
        work();
        return undefined;
      } catch (error) {
        return (error as { readonly code?: unknown }).code ?? error;
      }
    };
    const whole = encodeFrame(STREAM, 9, 4, ITEMS.map(bytesOf));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        for (const damaged of [bytes, whole.subarray(0, length)]) {
          expect([undefined, 'malformed']).toContain(codeOf(() => decodeFrame(damaged)));
          expect([undefined, 'malformed']).toContain(codeOf(() => decodePresence(damaged)));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
