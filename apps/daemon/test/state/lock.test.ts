import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startOfProcess, takeLock, type LockOptions } from '../../src/state/lock.js';

let folder = '';
/** When each process was started; the others do not run. */
let processes: Map<number, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-lock-'));
  processes = new Map([
    [1, 'a'],
    [2, 'b'],
  ]);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function options(pid: number, more: Partial<LockOptions> = {}): LockOptions {
  const startOf = (asked: number): Promise<string | undefined> => Promise.resolve(processes.get(asked));
  return { pid, startOf, attempts: 1, pause: () => Promise.resolve(), ...more };
}

test('one process holds it, and the other is told who', async () => {
  await takeLock(folder, options(1));
  await expect(takeLock(folder, options(2))).rejects.toMatchObject({
    code: 'daemon_running',
    message: expect.stringContaining('process 1 '),
  });
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('that of a process which has ended is taken', async () => {
  await takeLock(folder, options(1));
  processes.delete(1);
  await takeLock(folder, options(2));
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe('2 b');
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('a number that was given out again holds nothing', async () => {
  await takeLock(folder, options(1));
  processes.set(1, 'later');
  await takeLock(folder, options(2));
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe('2 b');
});

test('a holder that is about to end is waited for', async () => {
  await takeLock(folder, options(1));
  let pauses = 0;
  const pause = (): Promise<void> => {
    if (++pauses === 3) processes.delete(1);
    return Promise.resolve();
  };
  await takeLock(folder, options(2, { attempts: 10, pause }));
  expect(pauses).toBeGreaterThanOrEqual(3);
});

test('of several that come at once, one gets it', async () => {
  for (let pid = 10; pid < 20; pid++) processes.set(pid, 'x');
  writeFileSync(join(folder, 'lock'), '1 gone');
  const taken = await Promise.allSettled([...processes.keys()].map((pid) => takeLock(folder, options(pid))));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('the start of this process is known, that of one that does not run is not', async () => {
  expect(await startOfProcess(process.pid)).toBe(await startOfProcess(process.pid));
  expect(await startOfProcess(process.pid)).toBeDefined();
  expect(await startOfProcess(2 ** 22 + 1)).toBeUndefined();
});
