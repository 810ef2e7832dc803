/**
 * Memory: ways to use up a heap of 64 MB (128 MB with what lies outside of it), most of which abort a process
 * that has nothing but V8's own limit; and work that makes much garbage and must not be taken for a leak.
 */
import { createHook } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';

/** @type {any} */
const globals = globalThis;
/** @type {any} */
const statistics = v8;

const LIMITS = { heapMb: 64 };
const KB = 1024;
const MB = 1024 * KB;

/** V8 stops the worker at its limit, or aborts the process: by how large the step was that went over it. @type {import('../case.mjs').Bite[]} */
const ABORTS = ['process-ends', 'gone'];

/** @type {Pick<import('../case.mjs').Case, 'tree' | 'listens'>} */
const HELD = { listens: true, tree: { ends: ['limit'], limits: LIMITS } };

/** @type {import('../case.mjs').Cases} */
export const memory = {
  map: {
    does: 'fills a Map',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      const map = new Map();
      for (let n = 0; ; n++) map.set(n, n);
    },
  },
  set: {
    does: 'fills a Set with strings',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      const set = new Set();
      for (let n = 0; ; n++) set.add(`key ${n}`);
    },
  },
  dictionary: {
    does: 'uses an object as a dictionary that grows',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      /** @type {Record<string, number>} */
      const dictionary = {};
      for (let n = 0; ; n++) dictionary[`key-${n}`] = n;
    },
  },
  push: {
    does: 'pushes numbers onto one array',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      const array = [];
      for (let n = 0; ; n++) array.push(n + 0.5);
    },
  },
  'push-objects': {
    does: 'pushes small objects, a thousand a turn',
    bare: ABORTS,
    ...HELD,
    attack: async ({ kept }) => {
      for (;;) {
        for (let n = 0; n < 1000; n++) kept.push({ n, text: `text ${n}` });
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  'arrays-in-turns': {
    does: 'keeps 10 kB in each turn, like a request handler that caches',
    bare: ABORTS,
    ...HELD,
    attack: async ({ kept }) => {
      for (;;) {
        kept.push(new Array(1280).fill(kept.length));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  join: {
    does: 'joins an array into ever longer strings',
    bare: ABORTS,
    ...HELD,
    attack: ({ kept }) => {
      for (let n = 1; ; n++) kept.push(new Array(n * 100_000).fill('ab').join(`${n}`));
    },
  },
  'json-parse': {
    does: 'parses 40 MB of JSON, over and over',
    bare: ABORTS,
    ...HELD,
    attack: ({ kept }) => {
      const text = `[${new Array(400_000).fill(`{"a":"${'x'.repeat(90)}"}`).join(',')}]`;
      for (;;) kept.push(JSON.parse(text));
    },
  },
  'regexp-global': {
    does: 'collects every match of a global regular expression in 30 MB',
    bare: ABORTS,
    ...HELD,
    attack: ({ kept }) => {
      const text = 'ab'.repeat(15 * MB);
      for (;;) kept.push(text.match(/a./g));
    },
  },
  closures: {
    does: 'keeps closures that each hold an array',
    bare: ABORTS,
    ...HELD,
    attack: ({ kept }) => {
      for (let n = 0; ; n++) {
        const held = new Array(100).fill(n);
        kept.push(() => held);
      }
    },
  },
  promises: {
    does: 'makes promises that never settle, chained by the hundred',
    bare: ABORTS,
    ...HELD,
    attack: async () => {
      for (;;) {
        const never = new Promise(() => undefined);
        for (let n = 0; n < 100; n++) globals.lastOne = Promise.all([globals.lastOne, never]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  microtasks: {
    does: 'queues microtasks that each queue two',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      const two = () => {
        queueMicrotask(two);
        queueMicrotask(two);
      };
      two();
      return new Promise(() => undefined);
    },
  },
  timers: {
    does: 'sets timers for tomorrow',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      for (let n = 0; ; n++) setTimeout(() => n, 86_400_000 + (n % 1000));
    },
  },
  listeners: {
    does: 'adds listeners to one emitter',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      const emitter = new EventEmitter().setMaxListeners(0);
      for (let n = 0; ; n++) emitter.on('event', () => n);
    },
  },
  symbols: {
    does: 'registers symbols, which are never collected',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      for (let n = 0; ; n++) Symbol.for(`symbol ${n}`.padEnd(1000, ' '));
    },
  },
  'string-doubling': {
    does: 'doubles a string, and reads a letter of it each time',
    bare: ABORTS,
    ...HELD,
    attack: ({ kept }) => {
      for (;;) {
        let text = 'ab';
        while (text.length < 40 * MB) {
          text += text;
          if (text.charCodeAt(7) === 0) return;
        }
        kept.push(text);
      }
    },
  },
  'deep-stack-leak': {
    does: 'leaks at the bottom of a deep stack, where there is hardly room for a call',
    bare: ABORTS,
    ...HELD,
    attack: ({ kept }) => {
      let depth = 0;
      const down = (/** @type {number} */ left) => {
        if (left === 0) for (;;) kept.push([kept.length, 1, 2, 3, 4, 5, 6, 7]);
        depth += 1;
        down(left - 1);
      };
      try {
        down(Infinity);
      } catch {
        // That deep it goes.
      }
      down(depth - 100);
    },
  },
  'deep-stack-buffers': {
    does: 'keeps buffers at the bottom of a deep stack',
    bare: ['leaks'],
    listens: true,
    tree: { ends: ['limit'], limits: LIMITS, withinMs: 4_000 },
    attack: ({ kept }) => {
      let depth = 0;
      const down = (/** @type {number} */ left) => {
        if (left === 0) while (kept.length < 6_000) kept.push(new Uint8Array(100 * KB).fill(1));
        depth += 1;
        down(left - 1);
      };
      try {
        down(Infinity);
      } catch {
        // That deep it goes.
      }
      down(depth - 100);
    },
  },
  'async-hooks': {
    does: 'keeps every asynchronous resource by a hook',
    bare: ABORTS,
    ...HELD,
    attack: async ({ kept }) => {
      createHook({ init: (...facts) => void kept.push(facts, new Array(50).fill(0)) }).enable();
      for (;;) await new Promise((resolve) => setImmediate(resolve));
    },
  },
  clone: {
    does: 'clones what it has, keeps both, and clones again',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      let all = /** @type {any[]} */ ([{ text: 'x'.repeat(100), list: [1, 2, 3] }]);
      for (;;) all = [...all, ...structuredClone(all)];
    },
  },
  'buffers-small': {
    does: 'keeps buffers of 1 kB',
    bare: ['leaks'],
    ...HELD,
    attack: ({ kept }) => {
      for (;;) kept.push(new ArrayBuffer(KB));
    },
  },
  'buffers-large': {
    does: 'keeps buffers of 20 MB, one each 5 ms',
    bare: ['leaks'],
    ...HELD,
    attack: async ({ kept }) => {
      for (;;) {
        kept.push(Buffer.alloc(20 * MB, 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  },
  'shared-buffers': {
    does: 'keeps shared buffers of 4 MB',
    bare: ['leaks'],
    ...HELD,
    attack: async ({ kept }) => {
      for (;;) {
        kept.push(new Uint8Array(new SharedArrayBuffer(4 * MB)).fill(1));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  },
  'wasm-memory': {
    does: 'grows WebAssembly memory by 1 MB at a time',
    bare: ['leaks'],
    ...HELD,
    attack: async () => {
      const grown = new globals.WebAssembly.Memory({ initial: 16, maximum: 32_768 });
      for (;;) {
        const before = grown.buffer.byteLength;
        grown.grow(16);
        new Uint8Array(grown.buffer, before).fill(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  },
  'external-strings': {
    does: 'keeps strings of 4 MB that lie outside of the heap',
    bare: ['leaks'],
    ...HELD,
    attack: async ({ kept }) => {
      const bytes = Buffer.alloc(4 * MB, 'x');
      for (;;) {
        kept.push(bytes.toString('latin1'));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  },
  'tampered-read-outs': {
    does: 'makes every read-out of memory that it has say zero, then leaks',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      const nothing = () => ({ rss: 0, heapUsed: 0, external: 0, arrayBuffers: 0, used_heap_size: 0 });
      Object.assign(process, { memoryUsage: nothing, cpuUsage: () => ({ user: 0, system: 0 }) });
      Object.assign(statistics, { getHeapStatistics: nothing, queryObjects: nothing });
      Function.prototype.call = /** @type {any} */ (nothing);
      const map = new Map();
      for (let n = 0; ; n++) map.set(n, n);
    },
  },
  'one-step': {
    does: 'splits a string into an array of 4 GB in one step',
    bare: ABORTS,
    ...HELD,
    cell: { cause: ['itself'], signal: ['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV'], inWorker: true },
    attack: () => 'x'.repeat(2 ** 29 - 24).split('').length === 0,
  },
  'array-doubling': {
    does: 'doubles an array by copies of itself',
    bare: ABORTS,
    ...HELD,
    attack: () => {
      let all = [1, 2, 3, 4];
      for (;;) all = all.concat(all);
    },
  },
  'data-limit': {
    does: 'keeps buffers of 20 MB in a cell whose memory the system limits to 200 MB more than Node needs',
    bare: ['leaks'],
    tries: true,
    cell: { holds: true, needs: ['rlimits'], setting: { walls: ['rlimits'], limits: { dataMb: 200 } } },
    attack: () => {
      const kept = [];
      while (kept.length < 30) kept.push(Buffer.alloc(20 * MB, 1));
      return `kept ${kept.length * 20} MB`;
    },
    bareAttack: async ({ kept }) => {
      while (kept.length < 30) kept.push(Buffer.alloc(20 * MB, 1));
      await new Promise(() => undefined);
    },
  },
  'nested-heap': {
    does: 'leaks 500 MB in a worker of its own, with limits of its own',
    bare: ['leaks'],
    tree: { ends: ['limit'], limits: LIMITS, withinMs: 4_000 },
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 1_500 },
    attack: async ({ kept }) => {
      const code = `const kept = []; while (kept.length < 50) kept.push(Buffer.alloc(${10 * MB}, 1)); setInterval(() => kept, 1000)`;
      kept.push(new Worker(code, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 4096 } }));
      await new Promise(() => undefined);
    },
  },
  'churn-objects': {
    does: 'makes 2 GB of garbage objects with 10 MB of them alive, under its limit all the time',
    bare: ['harmless'],
    tree: { holds: true, limits: LIMITS },
    attack: async () => {
      const alive = new Array(1000).fill(undefined);
      for (let n = 0; n < 200_000; n++) {
        alive[n % alive.length] = new Array(1280).fill(n);
        if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  'churn-buffers': {
    does: 'makes 2 GB of garbage buffers with 20 MB of them alive',
    bare: ['harmless'],
    tree: { holds: true, limits: LIMITS },
    attack: async () => {
      const alive = new Array(20).fill(undefined);
      for (let n = 0; n < 2000; n++) {
        alive[n % alive.length] = Buffer.alloc(MB, 1);
        if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  'churn-in-one-turn': {
    does: 'makes 1 GB of garbage strings in one turn',
    bare: ['harmless'],
    tree: { holds: true, limits: LIMITS },
    attack: () => {
      let length = 0;
      for (let n = 0; n < 10_000; n++) length += `${n}`.padEnd(100_000, 'ab').length;
      return length === 0 ? 'nothing' : undefined;
    },
  },
};
