/** A daemon that is killed at any moment leaves no process behind: no driver, and no cell three deep. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon } from './running-daemon.js';

const onLinux = process.platform === 'linux' ? test : test.skip;
const SLOWEST_MS = 90_000;
const ENDS_WITHIN_MS = 20_000;
const LEAF = { id: 'leaf', module: './counter.ts' };
const CELLS = ['shop', 'shop/b', 'shop/b/c', 'shop/b/c/d'];
/** Of the daemon itself, and its two drivers. */
const DAEMON = 3;

const TREE = JSON.stringify({
  name: 'shop',
  children: [
    {
      id: 'b',
      wall: 'process',
      siblings: 'isolate',
      children: [{ id: 'c', children: [{ id: 'd', wall: 'process', children: [LEAF] }] }],
    },
  ],
});

let folder = '';
let daemon: RunningDaemon;

beforeEach(async () => {
  folder = freshFolder();
  mkdirSync(folder, { mode: 0o700 });
  daemon = new RunningDaemon(folder, [], {}, { cwd: dirname(folder) });
  await daemon.says('listens at');
});

afterEach(async () => {
  await daemon.kill('SIGKILL');
  removeFolder(folder);
});

/** That have not ended: all that a daemon starts is in its working folder, from its first moment on. */
function processes(): readonly number[] {
  const cwd = realpathSync(dirname(folder));
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/cwd`) === cwd && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
        );
      } catch {
        return false;
      }
    });
}

/** The title of a cell is its path. */
function cells(): readonly string[] {
  return processes().flatMap((pid) => {
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
      return CELLS.includes(title) ? [title] : [];
    } catch {
      return [];
    }
  });
}

/** Nobody tells of processes that are not one's own children. */
async function until(happened: () => boolean): Promise<boolean> {
  const began = performance.now();
  while (!happened()) {
    if (performance.now() - began > ENDS_WITHIN_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

async function killed(): Promise<void> {
  await daemon.kill('SIGKILL');
  expect(await until(() => processes().length === 0)).toBe(true);
}

const apply = () => daemon.client.apply({ text: TREE, base: FIXTURES.href });

onLinux(
  'with a tree of cells, three deep and isolated',
  async () => {
    await apply();
    expect([...cells()].sort()).toEqual(CELLS);
    await killed();
  },
  SLOWEST_MS,
);

for (const [depth, cell] of CELLS.entries()) {
  onLinux(
    `while the cell at depth ${depth} starts`,
    async () => {
      const applied = apply().catch(() => 'killed');
      expect(await until(() => cells().includes(cell))).toBe(true);
      expect(processes().length).toBeGreaterThanOrEqual(DAEMON + depth);
      await killed();
      await applied;
    },
    SLOWEST_MS,
  );
}

onLinux(
  'with a thread in the innermost cell that nothing can stop',
  async () => {
    await apply();
    const stuck = daemon.client.call('shop/b/c/d/leaf', { operation: 'stick' }).catch(() => 'killed');
    const leaf = daemon.client.call('shop/b/c/d/leaf', { operation: 'pid', timeoutMs: 500 });
    await expect(leaf).rejects.toMatchObject({ code: 'timeout' });
    await killed();
    await stuck;
  },
  SLOWEST_MS,
);
