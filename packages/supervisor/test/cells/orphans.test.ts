/** Killed at any moment, a host leaves no process behind: cells in cells, three deep, with the tree in one of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FOLDER, lives } from './cells.js';

const HOST = fileURLToPath(new URL('deep-host.mjs', FOLDER));
const hosts: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const host of hosts.splice(0)) host.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Processes that have not ended: all that a host starts is in its working folder, from its first moment on. */
function inFolder(folder: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/cwd`) === folder && lives(pid);
      } catch {
        return false;
      }
    });
}

/** Starts a host in a folder of its own, and resolves when it has said that line. */
async function hostUntil(line: string, act = ''): Promise<{ host: ChildProcess; folder: string }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-orphans-')));
  folders.push(folder);
  const host = spawn(process.execPath, [HOST, act], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  hosts.push(host);
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: host.stdout }).on('line', (said) => {
      if (said === line) resolve();
    });
    host.once('exit', (code) => reject(new Error(`the host has ended: ${String(code)}`)));
  });
  return { host, folder };
}

/** Nobody tells when processes end that are not one's own children. */
async function noneLeft(folder: string): Promise<boolean> {
  const began = performance.now();
  while (inFolder(folder).length > 0) {
    if (performance.now() - began > 20_000) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

describe('a host is killed', () => {
  const PATHS = ['tree/c/x', 'tree/c/d/y', 'tree/c/d/e/z'];
  test.each([
    ['before anything of its tree has come up', 'starting', 1],
    ['while cells in the first cell start', PATHS[0] ?? '', 3],
    ['while the third cell starts', PATHS[1] ?? '', 4],
    ['when all have come up', 'ready', 5],
  ])(
    'orphans: %s',
    async (_, line, atLeast) => {
      const { host, folder } = await hostUntil(line);
      expect(inFolder(folder).length).toBeGreaterThanOrEqual(atLeast);
      host.kill('SIGKILL');
      expect(await noneLeft(folder)).toBe(true);
    },
    60_000,
  );

  test('orphans: with a thread three cells deep that nothing can stop', async () => {
    const { host, folder } = await hostUntil(PATHS[2] ?? '', 'get-stuck');
    host.kill('SIGKILL');
    expect(await noneLeft(folder)).toBe(true);
  }, 60_000);

  test('orphans: and a cell in the middle takes with it what is in it, and nothing else', async () => {
    const { host, folder } = await hostUntil('ready');
    const before = inFolder(folder);
    const middle = before.find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('tree/c/d\0'),
    );
    expect(middle).toBeDefined();
    const parentOf = (pid: number): number =>
      Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
    const inside = before.filter((pid) => parentOf(pid) === middle);
    expect(inside).toHaveLength(1);
    process.kill(middle as number, 'SIGKILL');
    while (inFolder(folder).some((pid) => pid === middle || inside.includes(pid)))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(inFolder(folder)).toContain(host.pid);
    host.kill('SIGKILL');
    expect(await noneLeft(folder)).toBe(true);
  }, 60_000);
});
