/** Authority: what a thread reaches although nobody gave it: the host's secrets, siblings, flags and process. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import inspector from 'node:inspector';
import os from 'node:os';
import v8 from 'node:v8';
import workerThreads from 'node:worker_threads';
import { SECRET, SECRET_CHANNEL, SECRET_NAME } from '../case.mjs';

/** @type {any} */
const proc = process;
/** @type {any} */
const builtins = { inspector, v8, workerThreads };

/** @param {string} does @param {NonNullable<import('../case.mjs').Case['attack']>} attack @returns {import('../case.mjs').Case} */
function reach(does, attack) {
  return { does, bare: ['takes'], tries: true, tree: { holds: true }, attack };
}

/** The same where only a cell is attacked. @param {string} does @param {NonNullable<import('../case.mjs').Case['attack']>} attack @param {import('../case.mjs').CellCase} [cell] @returns {import('../case.mjs').Case} */
function reachFromCell(does, attack, cell = { holds: true }) {
  return { does, bare: ['takes'], tries: true, cell, attack };
}

/** Past its cell, at its host. Bare: at whoever started it. @param {string} does @param {import('../case.mjs').Case} one @param {readonly string[]} [walls] @returns {import('../case.mjs').Case} */
function atHost(does, one, walls = []) {
  return { ...one, does, tries: true, tree: { holds: true, at: ['process'], walls } };
}

/** @type {import('../case.mjs').Case} */
const KILLS_HOST = {
  does: '',
  bare: ['process-ends'],
  bareIn: 'ipc',
  attack: () => {
    // Behind a process namespace that is the first process there, which no signal from inside ends.
    process.kill(process.ppid, 'SIGKILL');
    return undefined;
  },
};

/** @type {import('../case.mjs').Case} */
const READS_HOST = {
  does: '',
  bare: ['takes'],
  attack: () => {
    // In a process namespace without a /proc of its own the parent is number 0, and /proc shows the others.
    for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
      try {
        if (secretIn(readFileSync(`/proc/${pid}/environ`))) return 'the secret';
      } catch {
        // Gone, or not ours.
      }
    }
    return undefined;
  },
};

/** Below a supervisor that isolates, where nobody has asked for walls. @param {string} does @param {import('../case.mjs').Case} one @returns {import('../case.mjs').Case} */
function isolated(does, one) {
  return { ...one, does, tries: true, tree: { holds: true, at: ['process'], isolated: true } };
}

/** Processes that are seen and fit. @param {(pid: number) => boolean} fits */
const seen = (fits) =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && fits(pid);
      } catch {
        // It has ended meanwhile, or is not ours.
        return false;
      }
    });

/** The host, bare the process itself, is known by the mark among its arguments. @param {string} mark */
const hosts = (mark) =>
  seen((pid) => {
    const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.some((word) => word.endsWith('.mjs')) && words.includes(mark);
  });

/** @param {string} mark */
const siblings = (mark) => {
  const above = hosts(mark);
  return seen((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
    return above.includes(parent) && pid !== process.pid && pid !== process.ppid;
  });
};

/** @param {readonly number[]} pids @param {string} what */
const killed = (pids, what) => {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length === 0 ? undefined : what;
};

/** @param {any} text */
const secretIn = (text) => (String(text).includes(SECRET) ? 'the secret' : undefined);

/** Asks the main thread by an inspector session of `inspector`. @param {any} module */
const readMain = (module) =>
  new Promise((resolve, reject) => {
    const session = new module.Session();
    session.connectToMainThread();
    const expression = 'globalThis.attacksSecret';
    session.post(
      'Runtime.evaluate',
      { expression },
      (/** @type {any} */ error, /** @type {any} */ answer) => {
        session.disconnect();
        if (error) reject(error);
        else resolve(secretIn(answer.result.value));
      },
    );
  });

/** @param {any} Channel */
const overhear = (Channel) =>
  new Promise((resolve) => {
    const channel = new Channel(SECRET_CHANNEL);
    setTimeout(() => {
      channel.close();
      resolve(undefined);
    }, 500);
    channel.onmessage = (/** @type {any} */ event) => {
      channel.close();
      resolve(secretIn(event.data));
    };
  });

/** @type {import('../case.mjs').Cases} */
export const authority = {
  environment: reach('reads the host’s environment variables', () => secretIn(process.env[SECRET_NAME])),
  report: reach('reads them from a diagnostic report', () =>
    secretIn(JSON.stringify(proc.report.getReport())),
  ),
  'inspector-main': reach('runs code in the main thread by an inspector session', () => readMain(inspector)),
  'inspector-required': reach('the same, by process.getBuiltinModule', () =>
    readMain(proc.getBuiltinModule?.('inspector') ?? builtins.inspector),
  ),
  'inspector-imported': reach('the same, by a dynamic import of inspector/promises', async () => {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connectToMainThread();
    const answer = await session.post('Runtime.evaluate', { expression: 'globalThis.attacksSecret' });
    session.disconnect();
    return secretIn(answer.result.value);
  }),
  'inspector-open': reach('opens the debugger’s port of the process', () => {
    inspector.open(0);
    return inspector.url();
  }),
  'v8-flags': reach('sets V8’s flags, which are the process’s', () => {
    v8.setFlagsFromString('--no-expose-gc');
    return 'flags set';
  }),
  'v8-flags-imported': reach('the same, by a name that is imported when it is needed', async () => {
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--no-expose-gc');
    return 'flags set';
  }),
  'heap-snapshots': reach('has V8 write files when the heap is full', () => {
    v8.setHeapSnapshotNearHeapLimit(1);
    return 'snapshots';
  }),
  binding: reach('loads Node’s internals by process.binding', () => {
    proc.binding('fs');
    return 'internals';
  }),
  'linked-binding': reach('loads a linked binding', () => {
    try {
      proc._linkedBinding('none');
      return 'a binding';
    } catch (error) {
      // It looked.
      return /** @type {any} */ (error).code === 'ERR_INVALID_MODULE' ? 'the loader' : undefined;
    }
  }),
  'active-handles': reach('finds raw ports among the active handles', () => {
    workerThreads.parentPort?.on('message', () => undefined);
    const handles = proc._getActiveHandles();
    return handles.some((/** @type {any} */ one) => one instanceof workerThreads.MessagePort)
      ? 'a port'
      : undefined;
  }),
  'parent-port': reach('finds the port to the parent', () =>
    workerThreads.parentPort === null ? undefined : 'the port',
  ),
  'broadcast-global': reach('overhears the process’s BroadcastChannel', () =>
    overhear(/** @type {any} */ (globalThis).BroadcastChannel),
  ),
  'broadcast-module': reach('the same, by the module', () => overhear(workerThreads.BroadcastChannel)),
  'broadcast-fresh-realm': reach('the same, from a constructor in another realm’s reach', async () => {
    const { BroadcastChannel: Channel } = await import('node:worker_threads');
    return overhear(Channel);
  }),
  'environment-data': reach('reads what the host has laid down for its threads', () =>
    secretIn(workerThreads.getEnvironmentData(SECRET_NAME)),
  ),
  'kill-by-child': {
    ...reach('has a shell kill its process', () => {
      execFileSync('sh', ['-c', `kill -9 ${process.pid}`]);
      return 'the process was killed';
    }),
    bare: ['process-ends'],
    cell: { cause: ['itself'], signal: ['SIGKILL'] },
  },
  'nested-worker': reach('reads the report in a worker of its own, whose built-ins are whole', async () => {
    const code = `require('worker_threads').parentPort.postMessage(JSON.stringify(process.report.getReport()))`;
    const worker = new workerThreads.Worker(code, { eval: true });
    const text = await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    return secretIn(text);
  }),
  'proc-environ': {
    ...reach('reads the process’s environment from /proc', () =>
      secretIn(readFileSync('/proc/self/environ')),
    ),
    cell: { holds: true },
  },
  'cell-report': reachFromCell('reads the environment of a cell from its report', () =>
    secretIn(JSON.stringify(proc.report.getReport())),
  ),
  'cell-parent-environ': reachFromCell(
    'reads its parent’s environment from /proc, behind a process namespace',
    () => {
      for (const id of readdirSync('/proc').filter((name) => /^[0-9]+$|^self$/.test(name))) {
        try {
          if (secretIn(readFileSync(`/proc/${id}/environ`))) return 'the secret';
        } catch {
          // Gone, or not ours.
        }
      }
      return undefined;
    },
    { holds: true, needs: ['pid', 'proc'], setting: { walls: ['pid', 'proc'] } },
  ),
  'kill-host': atHost('kills the host’s process', KILLS_HOST),
  'kill-host-namespace': atHost('the same, behind a process namespace', KILLS_HOST, ['pid', 'proc']),
  'kill-host-other-user': atHost('the same, as a user without rights', KILLS_HOST, ['otherUser']),
  'host-environ': atHost('reads the environment of every process that it finds in /proc', READS_HOST),
  'host-environ-namespace': atHost(
    'the same, behind a process namespace with a /proc of its own',
    READS_HOST,
    ['pid', 'proc'],
  ),
  'host-environ-other-user': atHost('the same, as a user without rights', READS_HOST, ['otherUser']),
  'kill-host-isolated': isolated('kills the host’s process, below `siblings: isolate`', {
    does: '',
    bare: ['process-ends'],
    attack: ({ mark }) => killed(hosts(mark), 'the host'),
  }),
  'kill-sibling-isolated': isolated('kills the process of a sibling, below `siblings: isolate`', {
    does: '',
    bare: ['takes'],
    attack: ({ mark }) => killed(siblings(mark), 'a sibling'),
    bareAttack: ({ mark }) => {
      spawn('sleep', [mark], { stdio: 'ignore' });
      return killed(siblings(mark), 'a sibling');
    },
  }),
  'host-environ-isolated': isolated(
    'reads the environment of every process that it finds in /proc, below `siblings: isolate`',
    READS_HOST,
  ),
  'trace-host-isolated': isolated(
    'opens the memory of the host’s process, as a debugger does, below `siblings: isolate`',
    {
      does: '',
      bare: ['takes'],
      attack: ({ mark }) => {
        const [pid] = hosts(mark);
        if (pid === undefined) return undefined;
        closeSync(openSync(`/proc/${pid}/mem`, 'r+'));
        return 'the memory of the host';
      },
    },
  ),
  priority: {
    does: 'lowers the priority of the host’s main thread',
    bare: ['takes'],
    tries: true,
    attack: () => {
      os.setPriority(process.pid, Math.min(19, os.getPriority(process.pid) + 1));
      return 'the priority was lowered';
    },
    tree: {
      drive: async ({ host }) => {
        const before = os.getPriority(process.pid);
        await host.call('attacker', 'attack', ['']);
        return os.getPriority(process.pid) === before ? undefined : 'it lowered the host’s priority';
      },
    },
  },
};
