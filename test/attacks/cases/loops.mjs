/** Loops: a thread that does not come back, in each phase of its event loop and inside of native code. */
import { execFileSync } from 'node:child_process';
import { openSync, readFile } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { markedFile } from '../case.mjs';

/** @type {any} */
const globals = globalThis;

const forEver = () => {
  for (;;);
};

/** Ended by the limit of its event loop. @type {Pick<import('../case.mjs').Case, 'bare' | 'tree'>} */
const ENDED = { bare: ['hangs'], tree: { ends: ['unresponsive'], limits: { unresponsiveMs: 300 } } };

/** @type {import('../case.mjs').Cases} */
export const loops = {
  'for-ever': {
    does: 'for (;;)',
    ...ENDED,
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 500 },
    attack: forEver,
  },
  'in-timer': { does: 'loops in a timer', ...ENDED, attack: () => new Promise(() => setTimeout(forEver, 1)) },
  'in-immediate': {
    does: 'loops in the check phase',
    ...ENDED,
    attack: () => new Promise(() => setImmediate(forEver)),
  },
  'in-io': {
    does: 'loops in the callback of a read',
    ...ENDED,
    attack: () => new Promise(() => readFile('/dev/null', forEver)),
  },
  'next-tick-storm': {
    does: 'schedules process.nextTick for ever',
    ...ENDED,
    attack: () => {
      const again = () => process.nextTick(again);
      again();
      return new Promise(() => undefined);
    },
  },
  'microtask-storm': {
    does: 'awaits for ever',
    ...ENDED,
    attack: async () => {
      for (;;) await null;
    },
  },
  regexp: {
    does: 'matches a regular expression that backtracks for centuries',
    ...ENDED,
    attack: () => /^(a+)+$/.test(`${'a'.repeat(60)}!`),
  },
  wasm: {
    does: 'loops in WebAssembly',
    ...ENDED,
    attack: () => {
      // (module (func (export "f") (loop (br 0))))
      const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0];
      const body = [10, 9, 1, 7, 0, 3, 0x40, 12, 0, 11, 11];
      const { Module, Instance } = globals.WebAssembly;
      new Instance(new Module(new Uint8Array([...head, ...body]))).exports.f();
    },
  },
  'atomics-wait': {
    does: 'waits for ever in Atomics.wait',
    ...ENDED,
    attack: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  },
  bigint: {
    does: 'writes out a number of three million digits: one long native call',
    ...ENDED,
    attack: () => (3n ** 20_000_000n).toString().length === 0,
  },
  'finally-loops': {
    does: 'loops again in `finally` and `catch` when it is interrupted',
    ...ENDED,
    attack: () => {
      for (;;) {
        try {
          forEver();
        } catch {
          forEver();
        } finally {
          forEver();
        }
      }
    },
  },
  sort: {
    does: 'sorts with a comparison that never returns',
    ...ENDED,
    attack: () => void [3, 2, 1].sort(forEver),
  },
  'json-reviver': {
    does: 'loops in the reviver of JSON.parse',
    ...ENDED,
    attack: () => JSON.parse('[1]', forEver),
  },
  eval: {
    does: 'compiles new functions for ever',
    ...ENDED,
    attack: () => {
      for (let n = 0; ; n++) new Function(`return ${n}`)();
    },
  },
  'getter-in-message': {
    does: 'sends an object with a getter that loops',
    ...ENDED,
    attack: ({ send }) =>
      send({
        get loop() {
          return forEver();
        },
      }),
  },
  'killed-by-administrator': {
    does: 'loops, with no limit set, until the administrator kills it',
    bare: ['hangs'],
    attack: forEver,
    tree: {
      drive: async ({ host, events }) => {
        const call = host
          .call('attacker', 'attack', [''], { timeoutMs: 20_000 })
          .catch((error) => error.code);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await host.kill('attacks/cage/attacker');
        const end = await events.end(1);
        if (end.tag !== 'killed') return `its reason was ${end.tag}`;
        return (await call) === 'down' ? undefined : 'the call did not end with `down`';
      },
    },
  },
  'busy-but-turning': {
    does: 'works 20 ms in each turn, with 30 ms for the limit of a turn ten times over',
    bare: ['harmless'],
    tree: { holds: true, limits: { unresponsiveMs: 300 } },
    attack: async () => {
      for (let n = 0; n < 60; n++) {
        const until = performance.now() + 20;
        while (performance.now() < until);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  'sync-child': {
    does: 'waits for a process that sleeps',
    bare: ['hangs'],
    tree: { ends: ['unresponsive'], limits: { unresponsiveMs: 300 } },
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 500 },
    attack: ({ mark }) => void execFileSync('sleep', [mark]),
  },
  unkillable: {
    does: 'calls a built-in that runs for centuries and looks at no interrupt',
    bare: ['unkillable'],
    tree: { ends: ['unresponsive'], limits: { unresponsiveMs: 300 } },
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 500 },
    attack: () => Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1),
  },
  'unkillable-thread': {
    does: 'has a thread of the cell call a built-in that cannot be interrupted',
    bare: ['unkillable'],
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 500, inWorker: true },
    attack: () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1),
  },
  'unkillable-nested': {
    does: 'starts a worker of its own that cannot be interrupted, then throws',
    bare: ['unkillable'],
    tree: { ends: ['error'] },
    attack: async () => {
      const code = 'Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)';
      const nested = new Worker(code, { eval: true });
      await new Promise((resolve) => nested.once('online', resolve));
      await new Promise((resolve) => setTimeout(resolve, 100));
      forEverUnless(nested);
    },
    bareAttack: () => Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1),
  },
  'stuck-among-others': {
    does: 'calls a built-in that cannot be interrupted, in a process that it shares with others',
    bare: ['unkillable'],
    bareAttack: () => Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1),
    tree: {
      at: ['process'],
      recycles: true,
      drive: async ({ host, events }) => {
        const limits = { heapMb: 64, unresponsiveMs: 300 };
        /** @type {(id: string) => import('@espalier/supervisor').ChildSpecInput} */
        const member = (id) => ({ id, module: './attacker.mjs', args: 'loops/unkillable', limits });
        const children = ['stuck', 'beside'].map(member);
        await host.startChild('attacks/cage', { id: 'ward', wall: 'process', children });
        await host.call('stuck', 'attack', ['']).catch(() => undefined);
        await events.until((event) => event.kind === 'stuck' && event.path === 'attacks/cage/ward/stuck');
        /** @param {string} what */
        const ward = (what) =>
          events.until(
            (told) => told.kind === 'supervision' && told.event.id === 'ward' && told.event.kind === what,
          );
        const { reason } = /** @type {any} */ (await ward('failed')).event;
        if (reason.tag !== 'cell') return `its process ended with ${reason.tag}`;
        if (!/ward\/stuck/.test(reason.detail.problem)) return 'its end does not say for whose sake it was';
        await ward('restarted');
        for (const id of ['stuck', 'beside']) {
          const answer = await host.call(id, 'ping', []).catch((error) => error.code);
          if (answer !== 'here') return `${id} answered ${answer}`;
        }
        await host.terminateChild('attacks/cage/ward');
        await host.deleteChild('attacks/cage/ward');
        return undefined;
      },
    },
  },
  fifo: {
    does: 'opens a FIFO that nobody writes to',
    bare: ['unkillable'],
    tree: { ends: ['unresponsive'], limits: { unresponsiveMs: 300 } },
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 500 },
    attack: ({ mark }) => {
      const path = markedFile(mark);
      execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
      return openSync(path, 'r') === -1;
    },
  },
};

/** @param {Worker} worker */
function forEverUnless(worker) {
  throw new Error(`worker ${worker.threadId} runs`);
}
