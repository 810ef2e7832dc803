/**
 * Process links: what a cell, or somebody in its place, may do to the pipe and to the process that runs it; cells
 * that outlive their parent; walls that are missing. Bare: Node's own `ipc`, and processes as `spawn` makes them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';

const KIND = { hello: 1, open: 2, batch: 3, parts: 4, close: 5 };
const MB = 1024 * 1024;

/** One frame of the pipe. @param {number} kind @param {number} link @param {Uint8Array} [body] @param {number} [length] */
function frame(kind, link, body = new Uint8Array(0), length = body.length) {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(length, 0);
  head.writeUInt8(kind, 4);
  head.writeUInt32LE(link, 5);
  return Buffer.concat([head, body]);
}

const forEver = () => {
  for (;;);
};

/** Waits without a turn of the event loop, so that only what was written leaves. @param {number} ms */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Writes what is no frame of ours, and goes on.
 * @param {string} does @param {() => Uint8Array} bytes @returns {import('../case.mjs').Case}
 */
function malformed(does, bytes) {
  return {
    does,
    bare: ['process-ends'],
    bareIn: 'ipc',
    cell: { cause: ['protocol'], signal: ['SIGKILL'] },
    attack: ({ write }) => {
      write?.(bytes());
      return new Promise(() => setInterval(() => undefined, 1000));
    },
  };
}

/** Something else runs in the cell's place. @param {string} does @param {string} code @param {readonly string[]} cause @returns {import('../case.mjs').Case} */
function impostor(does, code, cause) {
  return {
    does,
    bare: ['process-ends'],
    bareIn: 'ipc',
    bareAttack: ({ write }) => write?.(Buffer.from('{"cmd":')),
    cell: {
      drive: async ({ begin }) => {
        const cell = await begin({ execArgv: ['-e', code], startTimeoutMs: 700 });
        const end = await cell.ended;
        return cause.includes(end.cause) ? undefined : `it ended with ${end.cause}`;
      },
    },
  };
}

/** The cell's parent is killed while the cell does this. @param {string} does @param {string} attack @param {readonly string[]} walls @returns {import('../case.mjs').Case} */
function orphan(does, attack, walls) {
  return {
    does,
    bare: ['leaves'],
    bareIn: 'killed-parent',
    bareAttack: ({ mark }) => void spawn('sleep', [mark], { stdio: 'ignore' }),
    cell: {
      needs: walls,
      drive: async ({ parent }) => {
        const { kill, left } = await parent({ walls, attack });
        kill();
        return (await left()) ? 'the cell runs on without its parent' : undefined;
      },
    },
  };
}

/** @type {import('../case.mjs').Cases} */
export const links = {
  garbage: malformed('writes text into the pipe', () => Buffer.from('{"this": "is no frame"'.repeat(10))),
  'unknown-kind': malformed('sends a frame of a kind that there is not', () =>
    frame(99, 0, Buffer.from('x')),
  ),
  oversized: malformed('announces a frame of 4 GB', () =>
    frame(KIND.batch, 0, Buffer.from('x'), 2 ** 32 - 1),
  ),
  'second-hello': malformed('says hello twice', () =>
    frame(KIND.hello, 0, Buffer.from([0x45, 0x53, 0x50, 0x4c, 1, 0, 0, 0])),
  ),
  'unopened-link': malformed('sends on a link that nobody has opened', () =>
    frame(KIND.batch, 77, Buffer.from('x')),
  ),
  'opens-links': malformed('opens links, which a cell may not', () => frame(KIND.open, 1)),
  'closes-control': malformed('closes the control link alone', () => frame(KIND.close, 0)),
  'body-missing': malformed('sends a batch without a body', () => frame(KIND.batch, 0)),
  'body-too-much': malformed('gives a body to a frame that has none', () =>
    frame(KIND.open, 1, Buffer.from('x')),
  ),
  'parts-cut': malformed('sends a list of buffers that ends in the middle', () =>
    frame(KIND.parts, 0, Buffer.from([255, 255, 1, 9, 0])),
  ),
  'parts-overlong': malformed('sends a buffer that claims to be longer than its frame', () =>
    frame(KIND.parts, 0, Buffer.from([1, 0, 1, 255, 255, 255, 127, 1, 2, 3])),
  ),
  'parts-forged-end': malformed('passes on the end of a link that it does not have', () =>
    frame(KIND.parts, 0, Buffer.from([1, 0, 2, 5, 0, 0, 0, 1])),
  ),
  'byte-by-byte': {
    ...malformed('sends a frame byte by byte, and a broken one behind it', () => new Uint8Array(0)),
    attack: async ({ write }) => {
      const bytes = Buffer.concat([frame(KIND.batch, 0, Buffer.from('{}')), frame(50, 0)]);
      for (const byte of bytes) {
        write?.(Uint8Array.of(byte));
        block(5);
      }
      await new Promise(() => setInterval(() => undefined, 1000));
    },
  },
  'partial-then-silence': {
    does: 'begins a frame of 30 MB, and sends nothing more',
    bare: ['hangs'],
    bareIn: 'main',
    bareAttack: forEver,
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 700 },
    attack: ({ write }) => {
      write?.(frame(KIND.batch, 0, new Uint8Array(10), 30 * MB));
      forEver();
    },
  },
  'partial-then-death': {
    does: 'dies in the middle of a frame',
    bare: ['process-ends'],
    bareIn: 'main',
    cell: { cause: ['itself'], signal: ['SIGKILL'] },
    attack: ({ write }) => {
      write?.(frame(KIND.batch, 0, new Uint8Array(10), MB));
      process.kill(process.pid, 'SIGKILL');
    },
  },
  'endless-small-frames': {
    does: 'sends empty-handed frames as fast as it can',
    bare: ['process-ends', 'starves', 'leaks'],
    bareIn: 'ipc',
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 1_500 },
    attack: ({ write }) => {
      const many = Buffer.concat(Array.from({ length: 5000 }, () => frame(KIND.batch, 0, Buffer.from('{}'))));
      for (;;) write?.(many);
    },
    bareAttack: ({ write }) => {
      const many = Buffer.from('{}\n'.repeat(20_000));
      for (;;) write?.(many);
    },
  },
  'endless-large-frames': {
    does: 'sends frames of 16 MB as fast as it can',
    bare: ['process-ends', 'starves', 'leaks'],
    bareIn: 'ipc',
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 1_500 },
    attack: ({ write }) => {
      const large = frame(KIND.batch, 0, Buffer.alloc(16 * MB, ' '));
      for (;;) write?.(large);
    },
    bareAttack: ({ write }) => {
      const large = Buffer.from(`{"x":"${' '.repeat(16 * MB)}"}`);
      for (;;) write?.(large);
    },
  },
  'endless-line': {
    does: 'sends one message that never ends',
    bare: ['leaks'],
    bareIn: 'ipc',
    cell: { cause: ['protocol'], signal: ['SIGKILL'] },
    attack: ({ write }) => {
      write?.(frame(KIND.batch, 0, new Uint8Array(10), 0x7fff_ffff));
      for (;;) write?.(Buffer.alloc(MB, 'x'));
    },
    bareAttack: () => {
      const part = Buffer.alloc(MB, 'x');
      for (;;) {
        try {
          writeSync(3, part);
        } catch {
          block(1);
        }
      }
    },
  },
  'never-reads': {
    does: 'reads nothing of what its parent sends',
    bareSends: true,
    bare: ['leaks'],
    bareIn: 'ipc',
    attack: forEver,
    bareAttack: forEver,
    cell: {
      drive: async ({ begin }) => {
        const cell = await begin();
        await cell.ready;
        cell.attack('links/never-reads');
        const sent = new Uint8Array(4 * MB);
        for (let n = 0; n < 100 && !cell.over; n++) {
          cell.send(sent);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const end = await cell.ended;
        return end.cause === 'protocol' ? undefined : `it ended with ${end.cause}`;
      },
    },
  },
  'closes-its-pipe': {
    does: 'closes its pipe and goes on',
    bare: ['leaves'],
    bareIn: 'killed-parent',
    bareAttack: ({ mark }) => void spawn('sleep', [mark], { stdio: 'ignore', detached: true }),
    cell: {
      drive: async ({ begin }) => {
        const code = `require('fs').closeSync(4); require('fs').closeSync(3); setInterval(() => {}, 1000)`;
        const end = await (await begin({ execArgv: ['-e', code], startTimeoutMs: 5_000 })).ended;
        return end.cause === 'detached' ? undefined : `it ended with ${end.cause}`;
      },
    },
  },
  'never-hello': impostor('says nothing at all', 'setInterval(() => {}, 1000)', ['start-timeout']),
  'no-hello-first': impostor(
    'sends a batch before it has said hello',
    `require('fs').writeSync(4, Buffer.from([1, 0, 0, 0, 3, 0, 0, 0, 0, 120])); setInterval(() => {}, 1000)`,
    ['protocol'],
  ),
  'foreign-version': impostor(
    'speaks another version of the pipe',
    `require('fs').writeSync(4, Buffer.from([8, 0, 0, 0, 1, 0, 0, 0, 0, 0x45, 0x53, 0x50, 0x4c, 99, 0, 0, 0])); setInterval(() => {}, 1000)`,
    ['protocol'],
  ),
  'shell-banner': impostor(
    'prints a banner into the pipe',
    `require('fs').writeSync(4, 'Welcome!\\n'.repeat(9)); setInterval(() => {}, 1000)`,
    ['protocol'],
  ),
  'orphan-idle': orphan('waits while its parent is killed', 'links/orphan-idle', []),
  'orphan-stuck-thread': orphan(
    'has a thread that cannot be stopped while its parent is killed',
    'loops/unkillable-thread',
    [],
  ),
  'orphan-blocked': orphan('loops in its main thread while its parent is killed', 'loops/for-ever', [
    'deathSignal',
  ]),
  'orphan-in-namespace': orphan(
    'cannot be interrupted, behind a process namespace, while its parent is killed',
    'loops/unkillable',
    ['pid', 'proc', 'deathSignal'],
  ),
  grandchildren: {
    does: 'starts processes, which start processes',
    bare: ['leaves'],
    bareIn: 'killed-child',
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 700 },
    attack: ({ mark }) => {
      for (let n = 0; n < 5; n++)
        spawn('sh', ['-c', `sleep ${mark} & sleep ${mark}; true`], { stdio: 'ignore' });
      return new Promise(() => setInterval(() => undefined, 1000));
    },
  },
  'grandchildren-and-death': {
    does: 'starts processes, then dies and leaves them',
    bare: ['leaves'],
    bareIn: 'killed-child',
    cell: { cause: ['itself'], signal: ['SIGKILL'] },
    attack: async ({ mark }) => {
      for (let n = 0; n < 5; n++) spawn('sleep', [mark], { stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, 200));
      process.kill(process.pid, 'SIGKILL');
    },
  },
  'escaped-session': {
    does: 'starts processes in sessions of their own, behind a process namespace',
    bare: ['leaves'],
    bareIn: 'killed-child',
    cell: {
      cause: ['killed'],
      killAfterMs: 700,
      needs: ['pid', 'proc'],
      setting: { walls: ['pid', 'proc'] },
    },
    attack: ({ mark }) => {
      for (let n = 0; n < 5; n++) spawn('sleep', [mark], { stdio: 'ignore', detached: true }).unref();
      return new Promise(() => setInterval(() => undefined, 1000));
    },
  },
  'fork-bomb': {
    does: 'starts processes without end, behind a limit of 40',
    bare: ['leaves'],
    bareIn: 'killed-child',
    cell: {
      cause: ['killed', 'itself'],
      killAfterMs: 1_200,
      needs: ['pid', 'proc', 'otherUser', 'rlimits'],
      setting: { walls: ['pid', 'proc', 'otherUser', 'rlimits'], limits: { processes: 40 } },
    },
    attack: async ({ mark }) => {
      for (;;) {
        spawn('sleep', [mark], { stdio: 'ignore', detached: true }).on('error', () => undefined);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  },
  'many-files': {
    does: 'opens files without end, behind a limit of 256',
    bare: ['takes'],
    tries: true,
    cell: { holds: true, needs: ['rlimits'], setting: { walls: ['rlimits'], limits: { files: 256 } } },
    attack: () => {
      const { openSync } = process.getBuiltinModule('fs');
      for (let n = 0; n < 1000; n++) openSync('/dev/null', 'r');
      return 'a thousand files';
    },
  },
  'missing-wall': {
    does: 'asks for a wall that the machine does not have',
    bare: ['takes'],
    // A start script goes on without it.
    bareAttack: () =>
      spawnSync('sh', [
        '-c',
        'unshare --no-such-wall 2>/dev/null; echo it runs all the same',
      ]).stdout.toString(),
    cell: {
      drive: async ({ machine, choose }) => {
        const walls = { ...machine.walls, net: { available: false, why: 'none here' } };
        try {
          choose({ required: ['net'], preferred: [] }, { ...machine, walls });
          return 'the missing wall was skipped';
        } catch (error) {
          return /** @type {any} */ (error).code === 'host_unfit' ? undefined : String(error);
        }
      },
    },
  },
  'wall-command-gone': {
    does: 'starts behind a wall whose command has vanished since it was probed',
    bare: ['process-ends'],
    bareIn: 'main',
    bareAttack: async () => {
      spawn('/nonexistent/prlimit', []);
      await new Promise(() => setInterval(() => undefined, 1000));
    },
    cell: {
      needs: ['rlimits'],
      drive: async ({ begin, machine }) => {
        const broken = { ...machine, tools: { ...machine.tools, prlimit: '/nonexistent/prlimit' } };
        const end = await (await begin({ machine: broken, walls: ['rlimits'] })).ended;
        return end.cause === 'not-started' ? undefined : `it ended with ${end.cause}`;
      },
    },
  },
};
