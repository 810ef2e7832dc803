/** Messages: floods, values that are no data, values that break whoever reads them. */
import { Blob } from 'node:buffer';
import { createSecretKey } from 'node:crypto';
import { open } from 'node:fs/promises';
import { MessageChannel } from 'node:worker_threads';

/** @type {any} */
const globals = globalThis;
const MB = 1024 * 1024;
const LIMITS = { heapMb: 64 };

/** Sends something that is no data, or that is something else where it arrives. @param {string} does @param {() => unknown} make @param {(got: any) => boolean} took @returns {import('../case.mjs').Case} */
function handle(does, make, took) {
  return {
    does,
    bare: ['takes'],
    tries: true,
    took,
    tree: { holds: true },
    attack: async ({ send }) => {
      await send(await make());
      return 'it was sent';
    },
  };
}

const tag = (/** @type {any} */ value) => Object.prototype.toString.call(value).slice(8, -1);

const ATTEMPTS = 30_000;

/**
 * @param {(n: number) => Promise<unknown>} attempt @param {string} code that it is refused with
 * @param {number} [least] so many are not
 */
async function flood(attempt, code, least = 0) {
  let done = 0;
  /** @type {Record<string, number>} */
  const refused = {};
  for (let n = 0; n < ATTEMPTS; n += 1000)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        attempt(n + i).then(
          () => done++,
          (error) => (refused[error.code] = (refused[error.code] ?? 0) + 1),
        ),
      ),
    );
  if (done >= least && done <= 1000 && refused[code] !== undefined) return undefined;
  return `${done} done, and refused: ${JSON.stringify(refused)}`;
}

/** @param {import('../case.mjs').Kit} kit */
function leakInHost({ send }) {
  for (let n = 0; ; n++) void send(['entry', n, 'x'.repeat(100)]);
}

/**
 * What the kernel keeps until it is given back.
 * @param {string} does @param {(context: import('@espalier/core').Context, n: number) => Promise<unknown>} attempt
 * @param {import('../case.mjs').TreeCase['prepare']} [prepare]
 * @returns {import('../case.mjs').Case}
 */
function entries(does, attempt, prepare) {
  return {
    does,
    bare: ['leaks'],
    tree: { holds: true, limits: { kernelEntries: 1000 }, ...(prepare && { prepare }) },
    attack: ({ context }) => flood(async (n) => context && attempt(context, n), 'limit_refused'),
    bareAttack: leakInHost,
  };
}

/** @type {import('../case.mjs').Cases} */
export const messages = {
  'flood-small': {
    does: 'sends small messages to somebody who never reads, and waits for none',
    bare: ['leaks'],
    tree: { ends: ['limit', 'error'], limits: LIMITS },
    attack: ({ send }) => {
      for (let n = 0; ; n++) void send({ n, text: 'a small message' });
    },
  },
  'flood-in-turns': {
    does: 'sends 1,000 messages a turn to somebody who never reads',
    bare: ['leaks'],
    tree: { ends: ['error'], limits: LIMITS },
    attack: async ({ send }) => {
      for (;;) {
        for (let n = 0; n < 1000; n++) void send({ n, text: 'x'.repeat(200) });
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    bareAttack: ({ send }) => {
      for (let n = 0; ; n++) void send({ n, text: 'x'.repeat(200) });
    },
  },
  'flood-awaited': {
    does: 'sends to somebody who never reads, and awaits each',
    bare: ['leaks'],
    tree: { ends: ['error'], limits: LIMITS },
    attack: async ({ send }) => {
      for (;;) await send('x'.repeat(10_000));
    },
  },
  'flood-big': {
    does: 'sends messages of 4 MB, and waits for none',
    bare: ['leaks'],
    tree: { ends: ['limit', 'error'], limits: LIMITS },
    attack: async ({ send }) => {
      const bytes = new Uint8Array(4 * MB);
      for (;;) {
        void send(bytes);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    bareAttack: ({ send }) => {
      const bytes = new Uint8Array(4 * MB);
      for (;;) void send(bytes);
    },
  },
  'flood-self': {
    does: 'sends to itself, and never reads',
    bare: ['leaks'],
    tree: { ends: ['limit', 'error'], limits: LIMITS },
    attack: ({ sendSelf }) => {
      for (;;) void sendSelf('x'.repeat(1000));
    },
  },
  'flood-calls': {
    does: 'calls somebody who never answers, and waits for none',
    bare: ['leaks'],
    tree: { ends: ['limit', 'error'], limits: LIMITS },
    attack: ({ context }) => {
      for (let n = 0; ; n++) void context?.call('deaf', 'nothing', [n]);
    },
    bareAttack: ({ send }) => {
      for (let n = 0; ; n++) void send(['call', n, 'x'.repeat(100)]);
    },
  },
  'flood-spawn': {
    does: 'spawns and never asks what became of it',
    bare: ['leaks'],
    tree: {
      ends: ['limit', 'error', 'unresponsive'],
      limits: { ...LIMITS, unresponsiveMs: 300 },
      // The thread that loads what is spawned is started by the first spawn, and stays.
      prepare: async (host) => {
        await host.context.spawn({ module: './missing.mjs' }).catch(() => undefined);
      },
    },
    attack: ({ context }) => {
      for (;;) void context?.spawn({ module: './missing.mjs' });
    },
    bareAttack: ({ send }) => {
      for (let n = 0; ; n++) void send(['spawn', n, 'x'.repeat(100)]);
    },
  },
  'flood-names': {
    does: 'watches ten thousand names that nobody holds',
    bare: ['leaks'],
    tree: { holds: true },
    attack: async ({ context }) => {
      for (let n = 0; n < 100; n++) {
        await Promise.all(Array.from({ length: 100 }, (_, m) => context?.whereis(`nobody-${n}-${m}`)));
      }
    },
    bareAttack: ({ send }) => {
      for (let n = 0; ; n++) void send(['whereis', `nobody-${n}`, 'x'.repeat(100)]);
    },
  },
  'flood-monitors': entries('watches a sibling thirty thousand times and never stops', (context) =>
    context.monitor('heart'),
  ),
  'flood-registers': entries('takes thirty thousand names', (context, n) => context.register(`taken-${n}`)),
  'flood-spawns': entries(
    'spawns thirty thousand environments at once',
    (context) => context.spawn({ module: './none.mjs' }),
    // The thread that loads modules is the host's.
    async (host) => {
      await host.context.spawn({ module: './none.mjs' }).catch(() => undefined);
    },
  ),
  'flood-nobody': {
    does: 'calls thirty thousand names that nobody has',
    bare: ['leaks'],
    tree: { holds: true, limits: { kernelEntries: 1000 } },
    attack: async ({ context }) => {
      await flood(async (n) => context?.call(`nobody-${n}`, 'x', []), 'noproc');
      // Nothing of it is kept, so there is room for as much as ever.
      return flood(async () => context?.monitor('heart'), 'limit_refused', 900);
    },
    bareAttack: leakInHost,
  },
  deep: {
    does: 'sends a million arrays inside of each other',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: async ({ send }) => {
      /** @type {unknown[]} */
      let nested = [];
      for (let n = 0; n < 1_000_000; n++) nested = [nested];
      await send(nested);
    },
  },
  'own-proto': handle(
    'sends an object with an own key `__proto__`',
    () => JSON.parse('{"__proto__":{"administrator":true}}'),
    (got) => Object.assign({}, got).administrator === true,
  ),
  'shared-memory': handle(
    'sends shared memory, which both then write',
    () => new SharedArrayBuffer(8),
    (got) => tag(got) === 'SharedArrayBuffer',
  ),
  'shared-view': handle(
    'sends a view of shared memory inside of a map',
    () => new Map([['view', new Uint8Array(new SharedArrayBuffer(8))]]),
    (got) => tag(got.get('view').buffer) === 'SharedArrayBuffer',
  ),
  'wasm-module': handle(
    'sends compiled code',
    () => new globals.WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
    (got) => tag(got) === 'WebAssembly.Module',
  ),
  'key-object': handle(
    'sends the handle of a secret key',
    () => createSecretKey(Buffer.from('key')),
    (got) => got.export().toString() === 'key',
  ),
  blob: handle(
    'sends a handle on data that are not in the message',
    () => new Blob(['far away']),
    (got) => got.size === 8,
  ),
  port: {
    ...handle(
      'sends a raw port, over which nobody counts',
      () => undefined,
      (got) => typeof got.postMessage === 'function',
    ),
    attack: async ({ send, context }) => {
      const { port2 } = new MessageChannel();
      const options = /** @type {any} */ ({ transfer: [port2] });
      await (context === undefined ? send(port2) : context.send('deaf', port2, options));
      return 'it was sent';
    },
  },
  'file-handle': {
    ...handle(
      'sends an open file',
      () => undefined,
      (got) => typeof got.fd === 'number',
    ),
    attack: async ({ send, context }) => {
      const file = await open('/dev/null');
      const options = /** @type {any} */ ({ transfer: [file] });
      try {
        await (context === undefined ? send(file) : context.send('deaf', file, options));
      } finally {
        if (file.fd !== -1) await file.close();
      }
      return 'it was sent';
    },
  },
  'getter-throws': {
    does: 'sends an object of which a getter throws',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: ({ send }) =>
      send({
        get boom() {
          throw new Error('read');
        },
      }),
  },
  'getter-sends': {
    does: 'sends an object of which a getter sends the object',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: ({ send }) => {
      const again = {
        /** @returns {Promise<void>} */
        get again() {
          return send(again);
        },
      };
      return send(again);
    },
  },
  'endless-keys': {
    does: 'sends a proxy that makes up keys without end',
    bare: ['hangs'],
    tree: { ends: ['unresponsive', 'limit', 'error'], limits: { heapMb: 64, unresponsiveMs: 500 } },
    attack: ({ send }) =>
      send({
        get list() {
          const endless = {
            *[Symbol.iterator]() {
              for (let n = 0; ; n++) yield n % 10;
            },
          };
          let sum = 0;
          for (const n of endless) sum += n;
          return sum;
        },
      }),
  },
  'huge-string': {
    does: 'sends a string of 300 MB',
    bare: ['leaks'],
    tree: { ends: ['limit', 'error'], limits: LIMITS },
    attack: async ({ send, kept }) => {
      kept.push('x'.repeat(300 * MB));
      await send(kept[0]);
      await new Promise(() => undefined);
    },
  },
  'poisoned-prototypes': {
    does: 'breaks the built-in methods that its own runtime might use, then goes on',
    bare: ['process-ends'],
    tree: { ends: ['error', 'protocol', 'unresponsive'], limits: { unresponsiveMs: 500 } },
    attack: async ({ send }) => {
      const broken = () => {
        throw new Error('poisoned');
      };
      Object.assign(Map.prototype, { get: broken, set: broken });
      Object.assign(Array.prototype, { push: broken, [Symbol.iterator]: broken });
      Object.assign(Uint8Array.prototype, { set: broken, subarray: broken });
      await send({ list: [1, 2, 3] });
      broken();
    },
  },
};
