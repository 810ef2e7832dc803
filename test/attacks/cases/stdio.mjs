/** Standard streams: floods, forged ports, and the descriptors behind them. */
import { closeSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { MessagePort } from 'node:worker_threads';

/** @type {any} */
const proc = process;
/** What is printed waits in the process, and the worker is not charged with it. */
const UNLIMITED = {};
const CHUNK = 'x'.repeat(65_535) + '\n';

/** The descriptors by which a cell reads from its parent and writes to it. */
const FROM_PARENT = 3;
const TO_PARENT = 4;

/**
 * A guest writes into its process's pipe, past the kernel there. Bare: into Node's own `ipc`.
 * @param {string} does @param {() => Uint8Array} bytes @param {boolean} [forEver] @returns {import('../case.mjs').Case}
 */
function intoPipe(does, bytes, forEver = false) {
  return {
    does,
    bare: ['process-ends', 'leaks', 'starves'],
    bareIn: 'ipc',
    tree: { at: ['process'], ends: ['protocol'] },
    attack: async () => {
      const written = bytes();
      do {
        try {
          writeSync(TO_PARENT, written);
        } catch (error) {
          if (/** @type {any} */ (error).code !== 'EAGAIN') throw error;
        }
      } while (forEver);
      await new Promise(() => setInterval(() => undefined, 1000));
    },
    bareAttack: ({ write }) => {
      do write?.(bytes());
      while (forEver);
    },
  };
}

/** @type {import('../case.mjs').Cases} */
export const stdio = {
  'flood-in-one-turn': {
    does: 'prints without end in one turn',
    bare: ['leaks'],
    bareLimits: UNLIMITED,
    tree: { ends: ['unresponsive', 'limit'], limits: { unresponsiveMs: 500 } },
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 1_500 },
    attack: () => {
      for (;;) process.stdout.write(CHUNK);
    },
  },
  'flood-in-turns': {
    does: 'prints 6 MB a turn for two seconds',
    bare: ['leaks'],
    bareLimits: UNLIMITED,
    tree: { holds: true },
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 1_500 },
    attack: async () => {
      const until = performance.now() + 2000;
      while (performance.now() < until) {
        for (let n = 0; n < 100; n++) console.log(CHUNK);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    bareAttack: async () => {
      for (;;) {
        for (let n = 0; n < 100; n++) console.log(CHUNK);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  'flood-of-errors': {
    does: 'prints stacks to stderr without end',
    bare: ['leaks'],
    bareLimits: UNLIMITED,
    tree: { ends: ['unresponsive', 'limit'], limits: { unresponsiveMs: 500 } },
    attack: () => {
      for (;;) console.error(new Error(CHUNK));
    },
  },
  'huge-writes': {
    does: 'prints 50 MB at once, and again, and keeps them',
    bare: ['leaks'],
    bareLimits: UNLIMITED,
    tree: { ends: ['limit'], limits: { heapMb: 64 } },
    attack: async ({ kept }) => {
      for (;;) {
        kept.push('x'.repeat(50 * 1024 * 1024));
        process.stdout.write(kept.at(-1));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  },
  'forged-port': {
    does: 'finds the port behind Node’s own streams, and posts what throws in the host',
    bare: ['process-ends', 'takes'],
    tries: true,
    tree: { holds: true },
    attack: () => {
      const streams = [process.stdin, process.stdout, process.stderr, proc._stdout].filter(Boolean);
      const found = streams.flatMap((stream) =>
        Reflect.ownKeys(stream)
          .map((key) => /** @type {any} */ (stream)[key])
          .filter((value) => value instanceof MessagePort),
      );
      for (const port of found) port.postMessage({ type: 'stdioPayload', stream: 'none', chunks: [{}] });
      return found.length > 0 ? 'a port' : undefined;
    },
  },
  'raw-debug': {
    does: 'prints past every stream by process._rawDebug, 20 MB',
    bare: ['takes'],
    tree: { holds: true },
    attack: () => {
      const own = String(proc._rawDebug).includes('native') || /rawDebug/.test(proc._rawDebug.name);
      if (own) return 'Node’s own _rawDebug';
      for (let n = 0; n < 300; n++) proc._rawDebug(CHUNK);
      return undefined;
    },
  },
  'raw-descriptor': {
    does: 'writes to the descriptor of the host’s standard output, past every quota',
    bare: ['takes'],
    tries: true,
    cell: { holds: true },
    attack: ({ write }) => {
      writeSync(1, 'x');
      // In a cell that descriptor is a pipe that its parent reads, with a quota.
      return write === undefined ? readlinkSync('/proc/self/fd/1') : undefined;
    },
    tree: {
      drive: async ({ host }) => {
        const descriptor = await host.call('attacker', 'attack', ['']);
        return descriptor === readlinkSync('/proc/self/fd/1') ? 'it got the host’s descriptor' : undefined;
      },
    },
  },
  'pipe-garbage': intoPipe('writes text into the pipe of its process', () =>
    Buffer.from('{"this": "is no frame"'.repeat(10)),
  ),
  'pipe-oversized': intoPipe('announces a frame of 4 GB on the pipe of its process', () =>
    Buffer.from([255, 255, 255, 255, 3, 0, 0, 0, 0, 123]),
  ),
  'pipe-forged-exit': intoPipe(
    'closes the control link on the pipe, as the kernel of its process would',
    () => Buffer.from([0, 0, 0, 0, 5, 0, 0, 0, 0]),
  ),
  'pipe-flood': intoPipe(
    'writes into the pipe of its process without end',
    () => Buffer.alloc(65_536, '{'),
    true,
  ),
  'pipe-stolen': {
    does: 'reads what the kernel above sends to the kernel of its process, and keeps it',
    bare: ['hangs'],
    bareIn: 'main',
    bareAttack: () => {
      for (;;);
    },
    tree: {
      at: ['process'],
      ends: ['cell', 'protocol', 'unresponsive'],
      recycles: true,
      limits: { unresponsiveMs: 300 },
    },
    attack: async () => {
      const bytes = Buffer.alloc(65_536);
      for (;;) {
        try {
          readSync(FROM_PARENT, bytes);
        } catch (error) {
          if (/** @type {any} */ (error).code !== 'EAGAIN') throw error;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
  'close-descriptors': {
    does: 'closes every descriptor of the process',
    bare: ['process-ends'],
    tree: { holds: true },
    cell: { cause: ['itself', 'protocol', 'detached', 'killed'], killAfterMs: 2_000 },
    attack: async () => {
      for (let fd = 0; fd < 200; fd++) {
        try {
          closeSync(fd);
        } catch {
          // It was not open.
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    },
  },
};
