import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeLogRecord, LOG_LEVELS, readLogRecord } from '../src/log-record.js';

const level = fc.constantFrom(...LOG_LEVELS);

test('log record: what JSON holds comes back as it was, on one line', () => {
  fc.assert(
    fc.property(
      level,
      fc.string({ unit: 'binary' }),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (at, text, fields) => {
        const written = encodeLogRecord(at, text, fields);
        expect(written).not.toContain('\n');
        const plain: unknown = JSON.parse(JSON.stringify(fields));
        expect(readLogRecord(written)).toEqual({ level: at, text, fields: plain });
      },
    ),
  );
});

test('log record: whatever is given, it throws nothing, is bounded, and can be read', () => {
  fc.assert(
    fc.property(level, fc.string({ maxLength: 20_000, size: 'max' }), fc.anything(), (at, text, fields) => {
      const written = encodeLogRecord(at, text, fields);
      expect(written.length).toBeLessThan(60_000);
      expect(readLogRecord(written)).toMatchObject({ level: at, text: text.slice(0, 8192) });
    }),
  );
});

test('log record: text that is too long is cut off, fields that are go, and both is said', () => {
  const long = readLogRecord(encodeLogRecord('info', 'x'.repeat(8193), undefined));
  expect(long).toEqual({ level: 'info', text: 'x'.repeat(8192), incomplete: 'the text had 8193 characters' });
  const fields = readLogRecord(encodeLogRecord('info', 'y', { much: 'x'.repeat(9000) }));
  expect(fields).toEqual({ level: 'info', text: 'y', incomplete: 'the fields had 9011 characters' });
});

test('log record: what JSON has no form for is written as people would, or left out', () => {
  const error = Object.assign(new RangeError('boom'), { code: 'E1' });
  const given = { large: 2n ** 64n, map: new Map([[1, 'a']]), set: new Set([1]), error, none: undefined };
  expect(readLogRecord(encodeLogRecord('error', 'x', given)).fields).toEqual({
    large: '18446744073709551616',
    map: [[1, 'a']],
    set: [1],
    error: expect.objectContaining({ name: 'RangeError', message: 'boom', code: 'E1' }) as unknown,
  });
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(readLogRecord(encodeLogRecord('info', 'x', cycle))).toEqual({
    level: 'info',
    text: 'x',
    incomplete: 'the fields cannot be written: they have a cycle, or throw',
  });
});

test.each(['', 'no json', '[]', 'null', '{"level":"loud","text":"x"}', '{"level":"info"}'])(
  'log record: of %j, which nobody of ours has written, the text is shown',
  (written) => {
    expect(readLogRecord(written)).toEqual({ level: 'info', text: written });
  },
);
