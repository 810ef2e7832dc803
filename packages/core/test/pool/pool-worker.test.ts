import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { nodeClock } from '../../src/threads/node-clock.js';
import type { ToPoolThread } from '../../src/pool/pool-boot.js';
import { PoolWorker } from '../../src/pool/pool-worker.js';

const SHORT_LIVED = fileURLToPath(new URL('./fixtures/short-lived.cjs', import.meta.url));

/** Blocks until the thread whose id will stand in `thread` has left the process. */
function outlive(thread: Int32Array): void {
  Atomics.wait(thread, 0, 0, 5000);
  const until = performance.now() + 5000;
  while (existsSync(`/proc/self/task/${String(thread[0])}`) && performance.now() < until);
}

test('a thread that exits as soon as it is loaded is not taken for one that cannot load', async () => {
  const heard: string[] = [];
  const thread = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const boot = { tag: 'boot', bindings: new Uint8Array(thread.buffer) } as unknown as ToPoolThread;
  const setup = {
    get boot() {
      // What the thread says last and its end then wait side by side, and Node hands out the end first.
      queueMicrotask(() => outlive(thread));
      return boot;
    },
    limits: { heapMb: 48 },
    clock: nodeClock(),
    guard: undefined,
    loaded: (operations: readonly string[]) => heard.push(...operations),
    unfit: () => heard.push('unfit'),
  };
  const worker = new PoolWorker(SHORT_LIVED, {}, setup as never, 'token', 1);
  await new Promise((resolve) => {
    worker.on('exit', resolve);
  });
  expect(heard).toEqual(['quit']);
});
