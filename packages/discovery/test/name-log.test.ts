/** What a host tells of its names, part by part, and what a reader makes of it. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServedNames } from '../src/directory/served-names.js';
import { NameLog } from '../src/name-log.js';
import type { ExportedName } from '../src/records/names-page.js';

const EPOCH = { startedAt: 1, boot: '0123456789abcdef' };

function entry(name: string, incarnation = 1): ExportedName {
  return { name, holding: 'unique', incarnation };
}

function read(log: NameLog, reader: ServedNames): string {
  return reader.take({ host: 'h', epoch: EPOCH, ...log.since(reader.from, reader.base) });
}

/** Reads until nothing is missing. */
function readAll(log: NameLog, reader: ServedNames): number {
  let parts = 0;
  for (; reader.version < log.version; parts += 1) {
    expect(read(log, reader)).toBe('taken');
    expect(parts).toBeLessThan(30);
  }
  return parts;
}

function sorted(names: ReadonlyMap<string, ExportedName>): ExportedName[] {
  return [...names.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

describe('the log of names', () => {
  it('whoever reads until nothing is missing knows every name, whatever changes between two parts', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.boolean(), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const log = new NameLog([entry('name-0')], { withdrawn: 5, bytes: 300 });
        const reader = new ServedNames();
        const model = new Map([['name-0', entry('name-0')]]);
        changes.forEach(([number, isThere, reads], incarnation) => {
          const name = `name-${number}`;
          if (isThere) {
            log.set(entry(name, incarnation));
            model.set(name, entry(name, incarnation));
          } else {
            log.delete(name);
            model.delete(name);
          }
          for (let i = 0; i < reads; i += 1) expect(read(log, reader)).toBe('taken');
        });
        readAll(log, reader);
        expect(sorted(reader.names)).toEqual(sorted(model));
      }),
    );
  });

  it('what is told anew replaces what was known only when all of it is here', () => {
    const log = new NameLog(
      Array.from({ length: 15 }, (_, i) => entry(`name-${i}`)),
      { withdrawn: 1, bytes: 300 },
    );
    const reader = new ServedNames();
    readAll(log, reader);
    for (const name of ['name-0', 'name-1', 'name-2']) log.delete(name);
    // A withdrawal that this reader has not heard of is forgotten.
    expect(log.since(reader.from, reader.base).from).toBe(0);
    read(log, reader);
    expect(reader.names.size).toBe(15);
    readAll(log, reader);
    expect(reader.names.size).toBe(12);
  });

  it('a part that comes again, or for a version that is not held, changes nothing', () => {
    const log = new NameLog([entry('a')]);
    const reader = new ServedNames();
    read(log, reader);
    log.set(entry('b'));
    const part = { host: 'h', epoch: EPOCH, ...log.since(reader.from, reader.base) };
    expect(reader.take(part)).toBe('taken');
    expect(reader.take(part)).toBe('stale');
    expect(reader.take({ ...part, from: 77, to: 78 })).toBe('stale');
    expect([...reader.names.keys()]).toEqual(['a', 'b']);
  });

  it('10,000 names, and the next one is refused with a remedy', () => {
    const log = new NameLog(Array.from({ length: 10_000 }, (_, i) => entry(`name-${i}`)));
    expect(() => log.set(entry('one-more'))).toThrow(
      expect.objectContaining({ code: 'host_unfit', field: 'names', value: 10_000 }),
    );
    log.set(entry('name-5', 2));
    log.delete('name-6');
    log.set(entry('one-more'));
    const reader = new ServedNames();
    expect(readAll(log, reader)).toBeLessThan(16);
    expect(reader.names.size).toBe(10_000);
  });
});
