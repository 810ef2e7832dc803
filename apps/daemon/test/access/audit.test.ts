import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Audit, type KeptEntry } from '../../src/access/audit.js';
import { LineFiles } from '../../src/logs/line-files.js';

let folder = '';
let ms = 1000;
let said: string[] = [];

beforeEach(() => {
  said = [];
  folder = mkdtempSync(join(tmpdir(), 'espalier-audit-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function open(fileBytes = 1024 * 1024): Promise<Audit> {
  const prepare = (path: string): Promise<void> => Promise.resolve(void mkdirSync(path, { recursive: true }));
  const options = {
    quota: { fileBytes, generations: 2, totalBytes: 1024 * 1024 },
    keptUnder: ({ family }: KeptEntry) => family,
  };
  return new Audit(
    await LineFiles.open<KeptEntry>(folder, prepare, options),
    () => ms++,
    (line) => said.push(line),
  );
}

const all = { path: null, after: 0, lines: 100 };
const stop = { by: 'uid:0', operation: 'stop', path: 't/a' };

test('an entry has who, what, where, when, and what came of it, in a later life too', async () => {
  ms = 1000;
  const audit = await open();
  audit.begin(stop, '')('ok');
  audit.begin({ ...stop, path: 't/b' }, '')('noproc');
  const [first, second] = (await open()).read(all);
  expect(first).toEqual({ ...stop, id: 1_000_000, at: '1970-01-01T00:00:01.000Z', result: 'ok', tookMs: 1 });
  expect(second).toMatchObject({ path: 't/b', result: 'noproc' });
  expect(audit.read({ ...all, path: 't/a' })).toEqual([first]);
  expect(audit.read({ ...all, after: 1_000_000 })).toEqual([second]);
  expect(audit.read({ ...all, lines: 1 })).toEqual([second]);
});

test('what was begun and is not over is there as such', async () => {
  (await open()).begin(stop, '');
  expect((await open()).read(all)).toMatchObject([{ ...stop, result: null, tookMs: null }]);
});

test('nobody pushes out what others have done', async () => {
  const audit = await open(2000);
  audit.begin(stop, '')('ok');
  for (let n = 0; n < 200; n++)
    audit.begin({ by: `token:${n}`, operation: 'stop', path: `t/${n}` }, 'x')('noproc');
  const entries = audit.read({ ...all, lines: 1000 });
  expect(entries[0]).toMatchObject({ by: 'uid:0', result: 'ok' });
  expect(entries.length).toBeLessThan(40);
});

const withFullDisk = existsSync('/dev/full') ? test : test.skip;

withFullDisk('what cannot be written is not to be done; an end that cannot be written is said', async () => {
  const audit = await open();
  const full = (): void => {
    rmSync(join(folder, '.jsonl'), { force: true });
    symlinkSync('/dev/full', join(folder, '.jsonl'));
  };
  full();
  expect(() => audit.begin(stop, '')).toThrow(expect.objectContaining({ code: 'state_unwritable' }));
  const over = audit.begin(stop, '');
  full();
  over('ok');
  expect(said).toEqual([
    expect.stringMatching(/^the audit log lacks that stop t\/a by uid:0 ended ok: .*ENOSPC/),
  ]);
});
