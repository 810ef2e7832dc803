/** Life and death: ways to end that are odd, forged, resisted or repeated. */
import { openSync } from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';

/** In a turn of its own, where nobody awaits it. @param {() => void} attack */
const later = (attack) => new Promise(() => setTimeout(attack, 1));

/** @type {any} */
const proc = process;

/** A process that guests start is not held back from signalling theirs. @param {string} does @param {string} signal @param {import('../case.mjs').Bite} bare @param {import('../case.mjs').TreeCase} tree @returns {import('../case.mjs').Case} */
function signalledByChild(does, signal, bare, tree) {
  return {
    does,
    bare: [bare],
    bareIn: 'main',
    tree: { at: ['process'], ...tree },
    attack: () => {
      execFileSync('sh', ['-c', `kill -${signal} ${process.pid}`]);
      return new Promise(() => undefined);
    },
  };
}

/** @type {import('../case.mjs').Cases} */
export const life = {
  'throw-error': {
    does: 'throws an Error',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack() {
      throw new Error('as an attack');
    },
  },
  'throw-undefined': {
    does: 'throws undefined out of a timer',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        throw undefined;
      }),
  },
  'throw-bare-object': {
    does: 'throws an object without prototype',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        throw Object.create(null);
      }),
  },
  'throw-hostile-proxy': {
    does: 'throws a proxy of which every trap throws',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        const trap = () => {
          throw new Error('trapped');
        };
        throw new Proxy(new Error('x'), { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap });
      }),
  },
  'throw-looping-getter': {
    does: 'throws an Error whose message loops when it is read',
    bare: ['hangs'],
    tree: { ends: ['error', 'unresponsive'], limits: { unresponsiveMs: 300 } },
    attack: () =>
      later(() => {
        const error = new Error('x');
        Object.defineProperty(error, 'stack', { value: undefined });
        Object.defineProperty(error, 'message', {
          get() {
            for (;;);
          },
        });
        throw error;
      }),
  },
  'throw-cause-chain': {
    does: 'throws an Error with 100,000 causes, the last of which is the first',
    bare: ['hangs', 'gone', 'process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        const first = new Error('0');
        let last = first;
        for (let n = 0; n < 100_000; n++) last = new Error('n', { cause: last });
        first.cause = last;
        throw last;
      }),
  },
  'throw-function': {
    does: 'throws a function',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        throw life;
      }),
  },
  'reject-unheard': {
    does: 'rejects a promise that nobody listens to',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () => later(() => void Promise.reject(new Error('unheard'))),
  },
  'forged-limit': {
    does: 'throws an Error that looks like V8’s for an exhausted heap',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        const forged = new Error('Worker terminated due to reaching memory limit');
        throw Object.assign(forged, { code: 'ERR_WORKER_OUT_OF_MEMORY' });
      }),
  },
  'forged-reason': {
    does: 'ends with an exit reason that only the kernel may give',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: ({ context }) =>
      later(() => {
        const reason = /** @type {any} */ ({ tag: 'limit', detail: { limit: 'heapMb' } });
        if (context === undefined) throw reason;
        context.exit(reason);
      }),
  },
  'exit-zero': {
    does: 'leaves by process.exit(0), as if all were well',
    bare: ['gone'],
    tree: { ends: ['error', 'shutdown', 'normal'] },
    attack: () => later(() => process.exit(0)),
  },
  'exit-lying-code': {
    does: 'leaves by process.exit(134), as if it had aborted',
    bare: ['gone'],
    tree: { ends: ['error'] },
    attack: () => later(() => process.exit(134)),
  },
  'exit-listener-loops': {
    does: 'leaves, and loops in an exit listener',
    bare: ['hangs'],
    tree: { ends: ['unresponsive', 'error'], limits: { unresponsiveMs: 300 } },
    attack: () =>
      later(() => {
        process.on('exit', () => {
          for (;;);
        });
        process.exit(1);
      }),
  },
  'exit-listener-throws': {
    does: 'leaves, and throws in an exit listener',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        process.on('exit', () => {
          throw new Error('on the way out');
        });
        process.exit(0);
      }),
  },
  'exit-listeners-spawn-more': {
    does: 'leaves, and each exit listener adds two more',
    bare: ['gone'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        const more = () => {
          process.on('exit', more);
          process.on('exit', more);
          queueMicrotask(more);
        };
        process.on('exit', more);
        process.exit(3);
      }),
  },
  'listeners-removed': {
    does: 'removes every listener of the process object, then throws',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () =>
      later(() => {
        process.removeAllListeners();
        throw new Error('unseen');
      }),
  },
  'stack-overflow': {
    does: 'calls itself without end',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () => {
      /** @param {number} n @returns {number} */
      const down = (n) => down(n + 1) + 1;
      return later(() => void down(0));
    },
  },
  'files-left-open': {
    does: 'opens 200 files, then throws',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: () => {
      for (let n = 0; n < 200; n++) openSync('/dev/null', 'r');
      throw new Error('files are open');
    },
  },
  'nested-workers-left': {
    does: 'starts two workers of its own that loop, then throws',
    bare: ['process-ends'],
    tree: { ends: ['error'] },
    attack: async () => {
      const workers = [1, 2].map(() => new Worker('for (;;);', { eval: true }));
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))));
      throw new Error('workers run');
    },
  },
  'grandchildren-left': {
    does: 'starts processes that start processes and end, then throws',
    bare: ['leaves'],
    tree: { ends: ['error'], at: ['process'] },
    attack: async ({ mark }) => {
      for (let n = 0; n < 5; n++)
        execFileSync('sh', ['-c', `sleep ${mark} & sleep ${mark} &`], { stdio: 'ignore' });
      throw new Error('processes run');
    },
  },
  'processes-escaped': {
    does: 'starts a process in a session of its own, then throws, behind no namespace',
    bare: ['leaves'],
    tree: { ends: ['error'], at: ['process'] },
    attack: ({ mark }) => leaveProcess(mark),
  },
  'fork-bomb': {
    does: 'starts 200 processes in sessions of their own, each of which starts another, then throws',
    bare: ['leaves'],
    tree: { ends: ['error'], at: ['process'], walls: ['pid', 'proc'] },
    attack: async ({ mark }) => {
      for (let n = 0; n < 200; n++)
        spawn('sh', ['-c', `sleep ${mark} & sleep ${mark}; true`], {
          stdio: 'ignore',
          detached: true,
        }).unref();
      throw new Error('processes run');
    },
  },
  'fork-bomb-held': {
    does: 'starts 200 processes, where no more than 64 processes and threads are allowed, then throws',
    bare: ['leaves'],
    tree: { ends: ['error'], at: ['process'], walls: ['pids'], limits: { processes: 64 } },
    attack: async ({ mark, context }) => {
      let started = 0;
      for (let n = 0; n < 200; n++) {
        const child = spawn('sleep', [mark], { stdio: 'ignore', detached: true });
        child.on('error', () => undefined);
        child.unref();
        if (child.pid !== undefined) started++;
      }
      if (context !== undefined && started > 64) return `${started} processes`;
      throw new Error('processes run');
    },
  },
  'processes-left': {
    does: 'starts a process in a session of its own, then throws; behind a process, in a process namespace',
    bare: ['leaves'],
    tree: { ends: ['error'], walls: ['pid', 'proc'] },
    cell: {
      cause: ['itself', 'killed'],
      killAfterMs: 2_000,
      needs: ['pid', 'proc'],
      setting: { walls: ['pid', 'proc'] },
    },
    attack: ({ mark }) => leaveProcess(mark),
  },
  'kill-itself': {
    does: 'sends SIGKILL to its own process',
    bare: ['process-ends'],
    tries: true,
    tree: { holds: true },
    cell: { cause: ['itself'], signal: ['SIGKILL'] },
    attack: () => process.kill(process.pid, 'SIGKILL'),
  },
  'kill-own-group': {
    does: 'sends SIGKILL to its own process group',
    bare: ['process-ends'],
    tries: true,
    tree: { holds: true },
    attack: () => process.kill(0, 'SIGKILL'),
  },
  abort: {
    does: 'aborts the process by the C library',
    bare: ['process-ends'],
    bareIn: 'main',
    cell: { cause: ['itself'], signal: ['SIGABRT'] },
    attack: () => proc.abort(),
  },
  'abort-by-child': signalledByChild('has a shell abort its process', 'ABRT', 'process-ends', {
    ends: ['cell'],
  }),
  'segfault-by-child': signalledByChild('has a shell end its process by SIGSEGV', 'SEGV', 'process-ends', {
    ends: ['cell'],
  }),
  'stop-by-child': signalledByChild('has a shell halt its process, and its kernel with it', 'STOP', 'hangs', {
    ends: ['unresponsive'],
    limits: { unresponsiveMs: 300 },
  }),
  segfault: {
    does: 'dies by SIGSEGV, as a broken add-on does',
    bare: ['process-ends'],
    cell: { cause: ['itself'], signal: ['SIGSEGV'] },
    attack: () => process.kill(process.pid, 'SIGSEGV'),
  },
  'stop-itself': {
    does: 'halts its own process by SIGSTOP, and must be killed',
    bare: ['hangs'],
    bareIn: 'main',
    cell: { cause: ['killed'], signal: ['SIGKILL'], killAfterMs: 700 },
    attack: () => process.kill(process.pid, 'SIGSTOP'),
  },
  'crash-loop': {
    does: 'crashes again as soon as it is restarted, until its supervisor gives up',
    bare: ['gone'],
    listens: true,
    attack() {
      throw new Error('again');
    },
    tree: {
      escalates: true,
      drive: async ({ host, events }) => {
        for (let n = 1; n <= 6; n++) {
          await host.call('attacker', 'attack', ['']).catch(() => undefined);
          await events.until((event) => event.kind === 'supervision' && endOf(event.event, n));
        }
        await events.until(
          (event) =>
            event.kind === 'supervision' && event.path === 'attacks' && event.event.kind === 'restarted',
        );
        return undefined;
      },
    },
  },
  'death-with-calls-in-flight': {
    does: 'dies while 1,000 calls to it are under way',
    bare: ['gone'],
    listens: true,
    attack() {
      throw new Error('dead');
    },
    tree: {
      drive: async ({ host }) => {
        const death = host.call('attacker', 'attack', ['']);
        const calls = Array.from({ length: 1000 }, () => host.call('attacker', 'ping', []));
        const ends = await Promise.allSettled([death, ...calls]);
        // Those that had not left yet when it died are for its next incarnation.
        const wrong = ends.filter((end) => end.status === 'rejected' && end.reason.code !== 'down');
        if (wrong.length > 0) return `${wrong.length} calls ended neither with \`down\` nor with an answer`;
        return ends[0]?.status === 'rejected' ? undefined : 'the call that killed it was answered';
      },
    },
  },
};

/** @param {string} mark */
async function leaveProcess(mark) {
  const child = spawn('sleep', [mark], { detached: true, stdio: 'ignore' });
  await new Promise((resolve) => child.once('spawn', resolve));
  throw new Error('a process runs');
}

/** @param {any} event @param {number} incarnation */
function endOf(event, incarnation) {
  const known = incarnation === 6 ? 'escalated' : 'restarted';
  return event.id === 'attacker' && event.kind === known && event.incarnation >= incarnation;
}
