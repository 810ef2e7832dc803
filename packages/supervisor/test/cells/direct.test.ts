/** The direct pipe of an application to the cell of its tree: what it carries, and what a cell can do to it. */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { cellStarter, lives, type Running } from './cells.js';

const startTree = cellStarter({});
const folder = mkdtempSync(join(tmpdir(), 'espalier-direct-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ITS_CONTROL = 4;
const DIRECT = 6;
const SMALL_MESSAGE = 2;

const child = { id: 'a', module: './direct.ts' };
const answers = async ({ host }: Running): Promise<number> =>
  (await host.call('a', 'pid', [], { timeoutMs: 30_000 })) as number;

/** A tree whose cell is not the first: that one has its pipes where nobody can foretell. Resolves with its process. */
async function restarted(running: Running): Promise<number> {
  process.kill(await answers(running), 'SIGKILL');
  await running.happened('tree', 'restarted');
  const pid = await answers(running);
  expect(readlinkSync(`/proc/${pid}/fd/${DIRECT}`)).toMatch(/^socket:/);
  return pid;
}

/** Nothing of this thread runs meanwhile. */
function blockUntil(condition: () => boolean, ms: number): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const began = performance.now();
  while (!condition() && performance.now() - began < ms) Atomics.wait(never, 0, 0, 5);
}

/** Open in this process. */
function sockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

function pipeFrame(kind: number, link: number, body: Uint8Array, length = body.length): Uint8Array {
  const bytes = new Uint8Array(9 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, kind);
  view.setUint32(5, link, true);
  bytes.set(body, 9);
  return bytes;
}

/** A batch of so many messages, of one byte each. */
function messages(most: number): Uint8Array {
  const bytes = new Uint8Array(most * 19);
  for (let at = 0; at < bytes.length; at += 19) {
    bytes[at] = SMALL_MESSAGE;
    bytes[at + 14] = 1;
  }
  return bytes;
}

function mark(frames: number): Uint8Array {
  const bytes = new Uint8Array(13);
  new DataView(bytes.buffer).setFloat64(5, frames, true);
  return bytes;
}

describe('direct', () => {
  test('direct: what a cell had sent before its death comes before its `down`, however late the application reads', async () => {
    const running = await startTree([child]);
    const { context } = running.host;
    const pid = await answers(running);
    const monitor = await context.monitor('a');
    const file = join(folder, 'sent');
    await running.host.call('a', 'meet', [context.self]);
    await context.cast('a', 'shout', [8, file]);
    await new Promise(setImmediate);
    blockUntil(() => existsSync(file), 20_000);
    process.kill(pid, 'SIGKILL');
    blockUntil(() => !lives(pid), 20_000);
    // The kernel's thread goes on meanwhile, and tells of the death.
    blockUntil(() => false, 300);
    const got: unknown[] = [];
    for (let n = 0; n < 9; n += 1) {
      const item = await context.receive();
      if (item.type === 'message') got.push(item.value);
      if (item.type === 'down') got.push(item.monitor === monitor ? 'down' : 'another');
    }
    expect(got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'down']);
    expect(await answers(running)).not.toBe(pid);
  }, 60_000);

  test('direct: buffers of any size cross it, both ways, in order', async () => {
    const running = await startTree([child]);
    const sizes = [1, 5_000, 300_000, 3_000_000, 10];
    const echoed = await Promise.all(
      sizes.map((size) =>
        running.host.call('a', 'echo', [new Uint8Array(size).fill(size)], { timeoutMs: 30_000 }),
      ),
    );
    expect(echoed.map((bytes) => (bytes as Uint8Array).length)).toEqual(sizes);
  }, 60_000);

  test('direct: its end and that of every life before leave no descriptor open here', async () => {
    const running = await startTree([child]);
    const { host } = running;
    const descriptors = async (): Promise<number> => {
      await answers(running);
      return sockets();
    };
    const first = await descriptors();
    for (let n = 1; n <= 3; n += 1) {
      process.kill(await answers(running), 'SIGKILL');
      await running.happened('tree', 'restarted', n);
    }
    // The pipe for the next life is connected some time after the cell is up.
    while ((await descriptors()) > first);
    await host.stop();
  }, 60_000);
});

test('direct: a cell that closes it is ended, with all that is in it, and the tree runs anew', async () => {
  const running = await startTree([child]);
  const pid = await restarted(running);
  await running.host.context.cast('a', 'close', [[DIRECT - 1, DIRECT]]);
  const { reason } = (await running.happened('tree', 'failed', 2)) as { reason?: unknown };
  expect(reason).toMatchObject({
    tag: 'cell',
    detail: { problem: 'it closed its direct pipe and did not end' },
  });
  expect(await answers(running)).not.toBe(pid);
}, 60_000);

describe('direct: a cell that breaks it ends, the tree runs anew, and the application goes on', () => {
  test.each<readonly [string, number, Uint8Array, number]>([
    ['writes text into it', DIRECT, Buffer.from('Welcome!\n'.repeat(9)), 1],
    ['announces a frame of 4 GB', DIRECT, pipeFrame(3, 1, new Uint8Array(10), 0xffff_fff0), 1],
    ['opens a link', DIRECT, pipeFrame(2, 9, new Uint8Array()), 1],
    ['floods links that nobody has', DIRECT, pipeFrame(3, 5_000, new Uint8Array(1 << 20)), 20],
    ['sends without credit', DIRECT, pipeFrame(3, 1, messages(2_000)), 1],
    ['sends what is no batch', DIRECT, pipeFrame(3, 1, new Uint8Array(5)), 1],
    ['announces what it does not send', ITS_CONTROL, pipeFrame(3, 0, mark(1e12)), 1],
  ])(
    'direct: it %s',
    async (_, descriptor, bytes, times) => {
      const running = await startTree([child]);
      const { host } = running;
      const pid = await restarted(running);
      await host.context.cast('a', 'write', [descriptor, Uint8Array.from(bytes), times]);
      const failing = running.happened('tree', 'failed', 2);
      let hasFailed = false;
      void failing.then(() => (hasFailed = true));
      // Something that the kernel has to say, which may wait for what the cell has sent.
      while (!hasFailed) await host.tree();
      const failed = await failing;
      expect(failed).toMatchObject({ phase: 'run', reason: { tag: 'protocol' } });
      expect(await answers(running)).not.toBe(pid);
      expect(await host.call('a', 'echo', [7])).toBe(7);
    },
    60_000,
  );
});
