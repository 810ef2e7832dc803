import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KnownBrokers } from '../../src/cluster/known-brokers.js';

const [OWN, ALPHA, BETA] = ['amqp://10.0.0.1:5672', 'amqp://10.0.0.5:5672', 'amqps://10.0.0.6:5671'] as const;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esp-'));
  file = join(folder, 'heard-brokers.json');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('an address stays known when the host that told it is gone, and at the next start', () => {
  const known = new KnownBrokers(file);
  expect(known.with([OWN])).toEqual([OWN]);
  expect(known.with([OWN, ALPHA])).toEqual([OWN, ALPHA]);
  expect(known.with([])).toEqual([OWN, ALPHA]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(new KnownBrokers(file).with([])).toEqual([OWN, ALPHA]);
});

test('those that are told now come first, and the oldest are forgotten', () => {
  const known = new KnownBrokers(file);
  known.with([ALPHA]);
  expect(known.with([BETA])).toEqual([BETA, ALPHA]);
  const more = Array.from({ length: 8 }, (_, index) => `amqp://10.0.1.${index}:5672`);
  expect(known.with(more)).toEqual(more);
});

test('a file that holds none is as if it were not there, and one that cannot be written is no hindrance', () => {
  for (const text of ['{', '{}', '[1]']) {
    writeFileSync(file, text);
    expect(new KnownBrokers(file).with([])).toEqual([]);
  }
  expect(new KnownBrokers(join(folder, 'nowhere', 'file')).with([ALPHA])).toEqual([ALPHA]);
});
