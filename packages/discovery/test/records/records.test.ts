/** What goes into TXT data comes out again, and nothing else passes for it. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NamePages } from '../../src/name-pages.js';
import { readHostRecord, sealHostRecord } from '../../src/records/host-record.js';
import { checkName, readNamesPage, sealNamesPage, type ExportedName } from '../../src/records/names-page.js';
import { decodeTxt, encodeTxt, isTxtSignedBy, signTxt } from '../../src/records/txt.js';
import { TestCluster } from '../simulated-network.js';

const member = new TestCluster().member();
const epoch = { startedAt: 1_700_000_000_000, boot: '00ff00ff00ff00ff' };
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => Buffer.byteLength(text) <= 100 && !/[\p{Cc}\p{Cs}]/u.test(text));
const entry: fc.Arbitrary<ExportedName> = fc.record({
  name,
  holding: fc.constantFrom('unique', 'host', 'many'),
  incarnation: fc.maxSafeNat(),
});

describe('records', () => {
  it('a page of names comes back as it was, over the bytes of TXT data', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: (one) => one.name, maxLength: 12 }),
        fc.nat(),
        (names, version) => {
          const page = { host: member.host, index: 3, epoch, version: version % 1e9, names };
          const strings = encodeTxt(sealNamesPage(page, member.key.privateKey));
          expect(Math.max(...strings.map(({ length }) => length))).toBeLessThanOrEqual(255);
          expect(readNamesPage(`${member.host}-3`, decodeTxt(strings)!)).toEqual(page);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a host record comes back as it was', () => {
    const facts = {
      epoch,
      sealedAt: 1_700_000_000_123,
      leaseMs: 5000,
      pages: [3, 0, 17],
      served: 7,
      revocations: 2,
      queue: 'q',
    };
    const endpoints = ['amqps://10.0.0.5:5671', 'amqp://[fe80::1]:5672'];
    const txt = decodeTxt(encodeTxt(sealHostRecord({ ...facts, endpoints }, member)))!;
    expect(readHostRecord(member.host, txt, member.cluster)).toEqual({
      ...facts,
      endpoints,
      host: member.host,
      publicKey: member.key.publicKey,
      grant: member.grant,
    });
  });

  it('the order of the strings does not matter for the signature; the instance, the purpose and each value do', () => {
    const { publicKey, privateKey } = member.key;
    const fields = new Map([
      ['a', '1'],
      ['b', '2'],
    ]);
    const txt = signTxt('test', 'me', fields, privateKey);
    expect(isTxtSignedBy('test', 'me', new Map([...txt].reverse()), publicKey)).toBe(true);
    expect(isTxtSignedBy('other', 'me', txt, publicKey)).toBe(false);
    expect(isTxtSignedBy('test', 'you', txt, publicKey)).toBe(false);
    expect(isTxtSignedBy('test', 'me', new Map([...txt, ['b', '3']]), publicKey)).toBe(false);
    expect(isTxtSignedBy('test', 'me', new Map([...txt, ['c', '']]), publicKey)).toBe(false);
    expect(isTxtSignedBy('test', 'me', new Map([...txt].filter(([key]) => key !== 'a')), publicKey)).toBe(
      false,
    );
  });

  it('any TXT data at all is read or refused, never thrown at', () => {
    const strings = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 });
    fc.assert(
      fc.property(strings, fc.string(), (bytes, instance) => {
        const txt = decodeTxt(bytes);
        if (txt === undefined) return;
        expect(typeof readHostRecord(instance, txt, member.cluster)).toBe('string');
        expect(typeof readNamesPage(instance, txt)).toBe('string');
      }),
    );
  });
});

describe('name pages', () => {
  it('a change concerns the page of the name alone, and room that was freed is filled first', () => {
    const pages = new NamePages();
    const add = (n: number): void =>
      pages.set({ name: `name-${n}`.padEnd(60, '.'), holding: 'unique', incarnation: n });
    for (let n = 0; n < 40; n += 1) add(n);
    const before = pages.pages().map(({ version }) => version);
    expect(before.length).toBeGreaterThan(3);
    pages.delete('name-0'.padEnd(60, '.'));
    add(99);
    const after = pages.pages().map(({ version }) => version);
    expect(after.map((version, i) => version !== before[i])).toEqual(before.map((_, i) => i === 0));
    expect(pages.pages().flatMap(({ names }) => names)).toHaveLength(40);
  });

  it.each(['', 'x'.repeat(101), 'tab\t', '\ud800'])('the name %j is refused', (bad) => {
    expect(() => checkName(bad)).toThrow(
      expect.objectContaining({ code: 'host_unfit', field: 'name', value: bad }),
    );
  });
});
