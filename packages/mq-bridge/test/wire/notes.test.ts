import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { Note } from '../../src/protocol/attempts.js';
import { encodeValue } from '../../src/wire/cbor-encode.js';
import { decodeNote, encodeNote } from '../../src/wire/notes.js';

const NOTE: Note = { kind: 'begun', life: '0.5/0.25', count: 7, id: 'h/i/1/7/0' };

test('a note is read as it was written', () => {
  for (const kind of ['claim', 'suspect', 'begun', 'failed', 'left'] as const)
    expect(decodeNote(encodeNote({ ...NOTE, kind }))).toEqual({ ...NOTE, kind });
});

test('what is none, and of a later version, is nothing', () => {
  const bodies = [
    Buffer.from('ff', 'hex'),
    Buffer.alloc(5000),
    ...[7, [9, 'a', 1, 'b'], [0, 1, 1, 'b'], [0, 'a', 'x', 'b'], [0, 'a', 1]].map((value) =>
      encodeValue(value, 1000),
    ),
  ];
  for (const body of bodies) expect(decodeNote(body)).toBeUndefined();
});

test('the page of the wire has them, byte by byte', () => {
  const page = readFileSync(new URL('../../../../docs/wire.md', import.meta.url), 'utf8');
  const ids = { claim: '', suspect: 'h/i/1/7', begun: 'h/i/1/7/0', failed: 'h/i/1/7/0', left: 'h/i/1/7/0' };
  for (const [kind, id] of Object.entries(ids)) {
    const bytes = encodeNote({ kind: kind as Note['kind'], life: 'a', count: 1, id });
    expect(page).toContain(`\`${bytes.toString('hex')}\``);
  }
});
