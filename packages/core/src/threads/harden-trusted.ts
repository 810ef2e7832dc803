/**
 * Takes out of a trusted thread what reaches past it: into the process, its siblings, its own raw ports.
 * Own code may be buggy; it shall not end or open its neighbours by accident. Against hostile code this is
 * no wall (a nested Worker has none of it).
 *
 * Runs once, before guest code. The objects changed are those that `require`, `import` and
 * `process.getBuiltinModule` all hand out; what was imported by name is brought up to date at the end.
 */
import inspector from 'node:inspector';
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import workerThreads from 'node:worker_threads';
import { CallError } from '../errors.js';

/** Each is replaced by a function (or class) that throws `api_removed` when it is used. */
const REMOVED: readonly (readonly [owner: object, label: string, names: readonly string[]])[] = [
  [
    process,
    'process',
    // reallyExit and abort end the process or skip the announcement; the active handles are raw ports.
    [
      'binding',
      '_linkedBinding',
      '_debugProcess',
      '_debugEnd',
      'abort',
      'reallyExit',
      '_getActiveHandles',
      '_getActiveRequests',
    ],
  ],
  [v8, 'v8', ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit']],
  [
    workerThreads,
    'worker_threads',
    ['BroadcastChannel', 'setEnvironmentData', 'getEnvironmentData', 'postMessageToThread'],
  ],
  [inspector, 'inspector', ['Session', 'open', 'close', 'url', 'waitForDebugger']],
  [globalThis, 'globalThis', ['BroadcastChannel']],
];

/** Read without being called, so there is nothing that could throw: they are simply not there. */
const ABSENT: readonly (readonly [owner: object, names: readonly string[]])[] = [
  // The report holds the real environment variables of the process.
  [process, ['report']],
  [inspector, ['console', 'Network', 'NetworkResources', 'DOMStorage']],
  [workerThreads, ['locks']],
];

/** `leave` is called as the last thing before the thread ends by `process.exit`, by Node's own use of it too. */
export function hardenTrusted(leave: () => void): void {
  const internals = process as unknown as ProcessInternals;
  const { reallyExit, _kill: kill } = internals;
  for (const [owner, label, names] of REMOVED) {
    for (const name of names) {
      if (name in owner) replace(owner, name, refusal(`${label}.${name}`));
    }
  }
  // `inspector/promises`, when it is loaded, builds on this method; without it loading fails obscurely.
  Object.assign(inspector.Session.prototype, { post: refusal('inspector.Session') });
  for (const [owner, names] of ABSENT) {
    for (const name of names) if (name in owner) replace(owner, name, undefined);
  }
  replace(process, 'exit', exitOf(internals, leave, reallyExit.bind(process)));
  // `process.kill` itself ends in this one.
  if (typeof kill === 'function') replace(process, '_kill', killOthers(kill.bind(process)));
  syncBuiltinESMExports();
}

/** What is on `process` and in no type: old, undocumented and the same in every Node that we run on. */
interface ProcessInternals {
  readonly reallyExit: (code: number) => never;
  readonly _kill?: (pid: number, signal: number) => number;
  _exiting?: boolean;
}

function replace(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, writable: true, value });
}

/** A plain function, so that it can be called and constructed, and subclassed, and throws in each case. */
function refusal(what: string): unknown {
  return function removed(): never {
    throw new CallError('api_removed', `${what} is removed inside an environment`, { field: what });
  };
}

/** Node's own reads `process.reallyExit`, which is gone; this one does the same with the saved function. */
function exitOf(
  internals: ProcessInternals,
  leave: () => void,
  end: (code: number) => never,
): (code?: number | string | null) => never {
  return (code) => {
    if (code !== undefined && code !== null) process.exitCode = code;
    if (internals._exiting !== true) {
      internals._exiting = true;
      process.emit('exit', Number(process.exitCode ?? 0));
    }
    // Not by the event alone: where a listener for what nobody caught throws, Node exits without telling it.
    leave();
    return end(Number(process.exitCode ?? 0));
  };
}

/** Its own process and every group that may hold it are out of reach; signal 0 asks and harms nobody. */
function killOthers(kill: (pid: number, signal: number) => number): (pid: number, signal: number) => number {
  return (pid, signal) => {
    const target = Number(pid);
    const own = target === 0 || target === -1 || Math.abs(target) === process.pid;
    if (own && signal !== 0) {
      const facts = { field: 'pid', value: target };
      throw new CallError('api_removed', 'An environment may not signal its own process', facts);
    }
    return kill(target, signal);
  };
}
