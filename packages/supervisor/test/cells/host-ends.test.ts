/** However the host ends, no cell is left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FOLDER, gone, lives } from './cells.js';

const HOST = fileURLToPath(new URL('host.mjs', FOLDER));
const hosts: ChildProcess[] = [];

afterEach(() => {
  for (const host of hosts.splice(0)) host.kill('SIGKILL');
});

interface Started {
  readonly host: ChildProcess;
  readonly cells: readonly number[];
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly said: () => string;
}

async function hostThat(ends: string, act = ''): Promise<Started> {
  const host = spawn(process.execPath, [HOST, ends, act], { stdio: ['pipe', 'pipe', 'pipe'] });
  hosts.push(host);
  let said = '';
  host.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exited = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    host.once('exit', (code, signal) => resolve([code, signal]));
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: host.stdout }).once('line', resolve);
    void exited.then(() => reject(new Error(`the host has ended: ${said}`)));
  });
  const pids = JSON.parse(line) as Record<string, number>;
  const cells = Object.values(pids);
  expect(cells.filter(lives)).toHaveLength(3);
  return { host, cells, exited, said: () => said };
}

const allGone = async (cells: readonly number[]): Promise<boolean> =>
  (await Promise.all(cells.map(gone))).every(Boolean);

describe('the host ends', () => {
  test('host: by SIGKILL', async () => {
    const { host, cells } = await hostThat('stop');
    host.kill('SIGKILL');
    expect(await allGone(cells)).toBe(true);
  }, 60_000);

  test('host: by SIGKILL, with a thread in a cell that nothing can stop', async () => {
    const { host, cells } = await hostThat('stop', 'get-stuck');
    host.kill('SIGKILL');
    expect(await allGone(cells)).toBe(true);
  }, 60_000);

  test('host: by SIGKILL, while its own thread is blocked', async () => {
    const { host, cells } = await hostThat('block');
    host.stdin?.write('go\n');
    host.kill('SIGKILL');
    expect(await allGone(cells)).toBe(true);
  }, 60_000);

  const inOrder = [
    ['stop', 0],
    ['exit', 3],
    ['throw', 1],
  ] as const;
  for (const [ends, code] of inOrder) {
    test(`host: by ${ends}, with exit code ${code}`, async () => {
      const { host, cells, exited, said } = await hostThat(ends);
      host.stdin?.write('go\n');
      expect(await exited).toEqual([code, null]);
      expect(await allGone(cells)).toBe(true);
      if (ends !== 'throw') expect(said()).toBe('');
    }, 60_000);
  }
});
