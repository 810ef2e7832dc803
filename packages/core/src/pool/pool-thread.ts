/**
 * The module that Piscina loads in each thread of a pool. Like a guest's bootstrap it makes the thread fit
 * for code of the user's before any of it runs, then evaluates the image and runs its functions.
 *
 * What the host boots it with comes over a port of its own, when Piscina has read the parent's port for the
 * last time: only then is that port closed.
 */
import workerThreads from 'node:worker_threads';
import { EnvironmentError, CallError } from '../errors.js';
import { assertLogged } from '../guest/destination.js';
import { evaluateImage } from '../images/evaluate-image.js';
import { encodeLogRecord, type LogLevel } from '../log-record.js';
import { leaveGuardTool } from '../threads/guard-tool.js';
import { installStdio } from '../threads/guest-stdio.js';
import { hardenTrusted } from '../threads/harden-trusted.js';
import { leaving } from '../threads/inspection-gate.js';
import { nodeClock } from '../threads/node-clock.js';
import { nodeTextCodec } from '../threads/node-text-codec.js';
import { OutputQuota } from '../threads/output-quota.js';
import { hearProcess } from '../threads/process-events.js';
import { guestRequire } from '../threads/start-guest.js';
import { ownTid } from '../threads/thread-cpu.js';
import { decodeOnce, encodeOnce } from '../values/index.js';
import {
  MAX_TASK_BYTES,
  type FromPoolThread,
  type PoolThreadPorts,
  type TaskOutcome,
  type TaskRequest,
  type ToPoolThread,
} from './pool-boot.js';
import type { PoolTask } from './pool-types.js';
import { taskFunctions, type TaskFunction } from './task-functions.js';

const { port, outputBytesPerSecond, gate } = workerThreads.workerData as PoolThreadPorts;
const parentPort = workerThreads.parentPort;
const leave = leaving(gate);
hearProcess({ left: leave });
const text = nodeTextCodec;

const post = (message: FromPoolThread): void => {
  port.postMessage(message);
};

interface Loaded {
  readonly functions: ReadonlyMap<string, TaskFunction>;
  /** What a task finds as `this`. */
  readonly context: PoolTask;
}

const loaded = new Promise<Loaded>((resolve) => {
  port.once('message', ({ image, bindings }: ToPoolThread) => {
    parentPort?.close();
    Object.assign(workerThreads, { workerData: null, parentPort: null });
    try {
      const { exports } = evaluateImage(image, { require: guestRequire });
      const functions = taskFunctions(exports, image.manifest.entry);
      const context: PoolTask = Object.freeze({
        bindings: Object.freeze(decodeOnce(bindings, { text })) as PoolTask['bindings'],
        log,
      });
      post({ tag: 'loaded', operations: [...functions.keys()] });
      resolve({ functions, context });
    } catch (error) {
      // The host ends the pool: no task of this thread is answered any more.
      post({ tag: 'unfit', error: encodeThrown(error) });
    }
  });
});

const clock = nodeClock();
const quota = new OutputQuota(outputBytesPerSecond, () => clock.now());
installStdio(quota, (stream, printed, dropped) => {
  post({ tag: 'output', stream, text: printed, dropped });
});
leaveGuardTool();
hardenTrusted(leave);
post({ tag: 'ready', tid: ownTid() });

function log(level: LogLevel, logged: string, fields?: Readonly<Record<string, unknown>>): void {
  assertLogged(level, logged);
  const record = encodeLogRecord(level, logged, fields);
  if (quota.take(record, true) === '') return;
  post({ tag: 'output', stream: 'log', text: record, dropped: quota.takeDropped() });
}

/** The host asks with no operation whether the image is loaded. */
const PROBED: TaskOutcome = { ok: true, value: new Uint8Array() };

/** What Piscina calls for each task. Never throws: what a task throws is an outcome. */
export async function runTask({ operation, parameters }: TaskRequest): Promise<TaskOutcome> {
  const { functions, context } = await loaded;
  if (operation === '') return PROBED;
  const task = functions.get(operation);
  try {
    if (task === undefined) throw new CallError('no_such_operation', `the pool has no task '${operation}'`);
    const values = decodeOnce(parameters, { text });
    const value: unknown = await task.apply(context, values as unknown[]);
    return { ok: true, value: encodeOnce(value, { text, maxBytes: MAX_TASK_BYTES, root: 'result' }) };
  } catch (thrown) {
    return { ok: false, value: encodeThrown(thrown) };
  }
}

/** Whatever was thrown, or else words about it. */
function encodeThrown(thrown: unknown): Uint8Array {
  try {
    return encodeOnce(thrown, { text, includeStack: true });
  } catch (refusal) {
    const facts = { cause: refusal instanceof CallError ? refusal.message : undefined };
    return encodeOnce(new EnvironmentError('start_failed', 'what was thrown is no value', facts), { text });
  }
}
