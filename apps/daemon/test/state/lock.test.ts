import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
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
  expect(readdirSync(folder)).toEqual(['lock.1']);
});

test('that of a process which has ended is taken', async () => {
  await takeLock(folder, options(1));
  processes.delete(1);
  await takeLock(folder, options(2));
  expect(readFileSync(join(folder, 'lock.2'), 'utf8')).toBe('2 b');
  expect(readdirSync(folder)).toEqual(['lock.2']);
});

test('a number that was given out again holds nothing', async () => {
  await takeLock(folder, options(1));
  processes.set(1, 'later');
  await takeLock(folder, options(2));
  expect(readFileSync(join(folder, 'lock.2'), 'utf8')).toBe('2 b');
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
  writeFileSync(join(folder, 'lock.1'), '1 gone');
  const taken = await Promise.allSettled([...processes.keys()].map((pid) => takeLock(folder, options(pid))));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('one that has looked too early takes nothing away from who has it, and lets no third one in', async () => {
  for (const pid of [2, 3, 4]) processes.set(pid, 'x');
  writeFileSync(join(folder, 'lock.1'), '1 gone');
  const [looked, met] = [gate(), gate()];
  const early = takeLock(
    folder,
    options(2, {
      async startOf(pid) {
        if (pid === 1) await looked.pass();
        if (pid === 3) await met.pass();
        return processes.get(pid);
      },
    }),
  );
  await looked.reached;
  await takeLock(folder, options(3));
  looked.open();
  await met.reached;
  await expect(takeLock(folder, options(4))).rejects.toMatchObject({ code: 'daemon_running' });
  met.open();
  await expect(early).rejects.toMatchObject({ code: 'daemon_running' });
});

/** Somebody who comes to it waits until it is opened. */
function gate() {
  let arrive = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const pass = (): Promise<void> => {
    arrive();
    return opened;
  };
  return { reached, pass, open: () => open() };
}

test('however those that come at once are interleaved, one gets it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const place = mkdtempSync(join(folder, 'x'));
      writeFileSync(join(place, 'lock.1'), '1 gone');
      const pids = [2, 3, 4];
      for (const pid of pids) processes.set(pid, 'x');
      const step = <T>(value: T): Promise<T> => scheduler.schedule(Promise.resolve(value));
      const all = pids.map((pid) => {
        const startOf = (asked: number): Promise<string | undefined> => step(processes.get(asked));
        return takeLock(place, options(pid, { startOf, pause: () => step(undefined) }));
      });
      const taken = await scheduler.waitFor(Promise.allSettled(all));
      expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
});

test('the start of this process is known, that of one that does not run is not', async () => {
  expect(await startOfProcess(process.pid)).toBe(await startOfProcess(process.pid));
  expect(await startOfProcess(process.pid)).toBeDefined();
  expect(await startOfProcess(2 ** 22 + 1)).toBeUndefined();
});
