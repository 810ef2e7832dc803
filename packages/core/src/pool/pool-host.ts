/**
 * The environment that a pool is: from outside a server all of whose calls run at once, inside a thread
 * that hosts Piscina and runs no code of the user's. Each call becomes a task of one of Piscina's threads.
 *
 * Invariants:
 * - a call ends once: with its result, with what the task threw, with the end of its thread, or cancelled;
 * - a call that its caller gives up (cancelled, timed out, gone) takes no place any more: one that waits is
 *   removed, the thread of one that runs is ended and replaced;
 * - a thread that ends before it has evaluated the image ends the pool: others would end alike.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { EnvironmentError } from '../errors.js';
import type { CallError } from '../errors.js';
import { answering, server, type Server } from '../guest/behaviour.js';
import type { ReceivedCall } from '../guest/received.js';
import type { GuestStart } from '../threads/bootstrap.js';
import { Guard } from '../threads/guard.js';
import { toResourceLimits } from '../threads/limits.js';
import { nodeClock } from '../threads/node-clock.js';
import { nodeTextCodec } from '../threads/node-text-codec.js';
import type { ThreadTime } from '../threads/thread-time.js';
import { decodeOnce, encodeOnce } from '../values/index.js';
import { Admission, type Job } from './admission.js';
import { MAX_TASK_BYTES, type PoolBoot, type TaskOutcome, type TaskRequest } from './pool-boot.js';
import { installPoolWorker, PoolWorker, ThreadEnded } from './pool-worker.js';

const text = nodeTextCodec;

/**
 * Resolves when a first thread has evaluated the image; rejects with what that threw. `during` is told of
 * the work of its threads, which nobody else sees.
 */
export async function startPool(
  boot: PoolBoot,
  during: ThreadTime['during'],
  wall: GuestStart['wall'],
): Promise<Server> {
  const pool = new PoolHost(boot, during, wall);
  const operations = await pool.start();
  const answer = answering((_context: unknown, call: ReceivedCall) => {
    pool.take(call);
  });
  const calls = Object.fromEntries(operations.map((operation) => [operation, answer]));
  return server({ calls, terminate: () => pool.stop() }) as unknown as Server;
}

class PoolHost {
  readonly #boot: PoolBoot;
  readonly #during: ThreadTime['during'];
  readonly #piscina: Piscina;
  readonly #guard: Guard | undefined;
  readonly #admission: Admission;
  readonly #started: Promise<readonly string[]>;
  /** Threads that ended without a task since the last task was done. */
  #idleEnds = 0;

  constructor(boot: PoolBoot, during: ThreadTime['during'], wall: GuestStart['wall']) {
    this.#boot = boot;
    this.#during = during;
    const { maxThreads, concurrentTasks, queue, limits, image } = boot;
    this.#guard = newGuard();
    this.#admission = new Admission(maxThreads * concurrentTasks, queue);
    this.#started = new Promise((resolve, reject) => {
      let started = false;
      installPoolWorker({
        boot: { tag: 'boot', image, bindings: encodeOnce(boot.bindings, { text, maxBytes: MAX_TASK_BYTES }) },
        limits,
        clock: nodeClock(),
        guard: this.#guard,
        ...wall,
        loaded: (operations) => {
          started = true;
          resolve(operations);
        },
        unfit: (why) => {
          const error = why instanceof ThreadEnded ? endedInStart(why) : errorOf(decodeOnce(why, { text }));
          reject(error);
          // After the start nobody waits for the promise: the pool crashes, and its supervisor decides.
          if (started) queueMicrotask(() => rethrow(error));
        },
      });
    });
    this.#piscina = new Piscina({
      // The build's one file of pool-thread.js. This code is itself in one file, of another folder.
      filename: fileURLToPath(new URL('../pool/pool-thread.cjs', import.meta.url)),
      name: 'runTask',
      minThreads: boot.minThreads,
      maxThreads,
      idleTimeout: boot.idleTimeoutMs,
      concurrentTasksPerWorker: concurrentTasks,
      // The default blocks a thread that has nothing to do: its timers and sockets would stand still.
      atomics: 'disabled',
      recordTiming: false,
      env: { ...boot.env },
      argv: [],
      execArgv: [],
      resourceLimits: toResourceLimits(limits),
    });
    // A thread that ended without a task. It is replaced like any other, but not for ever.
    this.#piscina.on('error', (ended: unknown) => {
      process.stderr.write(`A thread without a task has ended, ${describe(ended)}\n`);
      this.#idleEnds += 1;
      if (this.#idleEnds > IDLE_ENDS_PER_THREAD * maxThreads) rethrow(endedInStart(ended as ThreadEnded));
    });
  }

  async start(): Promise<readonly string[]> {
    // Makes Piscina start a thread even where none is kept.
    const probe = this.#run({ operation: '', parameters: encodeOnce([], { text }) }, undefined);
    probe.catch(() => undefined);
    if (this.#piscina.threads.some((thread) => !(thread instanceof PoolWorker))) {
      throw new EnvironmentError('start_failed', 'this version of Piscina starts threads that are not ours');
    }
    const operations = await this.#started;
    await probe.catch((ended: unknown) => {
      throw ended instanceof ThreadEnded ? endedInStart(ended) : errorOf(ended);
    });
    return operations;
  }

  take(call: ReceivedCall): void {
    let request: TaskRequest;
    try {
      request = { operation: call.operation, parameters: encodeOnce(call.arguments, ENCODING) };
    } catch (error) {
      // An address, for instance: a task has nobody to send to.
      const { code, message } = error as CallError;
      call.fail(code, message);
      return;
    }
    const abort = new AbortController();
    const job: Job = {
      run: () => {
        // A running task of a thread that runs several cannot be ended alone.
        const signal = this.#boot.concurrentTasks === 1 ? abort.signal : undefined;
        void this.#run(request, signal)
          .then(
            (outcome) => answer(call, outcome),
            (ended: unknown) => answerEnded(call, ended),
          )
          .finally(() => {
            this.#idleEnds = 0;
            this.#admission.finished();
          });
      },
    };
    call.onCancel(() => {
      if (!this.#admission.withdraw(job)) abort.abort();
    });
    if (call.cancelled() || this.#admission.admit(job)) return;
    const { queue } = this.#boot;
    call.fail('full', `all threads of the pool are busy, and ${String(queue)} tasks wait already`);
  }

  async stop(): Promise<void> {
    await this.#during(this.#piscina.destroy());
    this.#guard?.close();
  }

  #run(request: TaskRequest, signal: AbortSignal | undefined): Promise<TaskOutcome> {
    const task = this.#piscina.run(request, signal === undefined ? {} : { signal });
    return this.#during(task as Promise<TaskOutcome>);
  }
}

/** A module that ends its threads some time after it was loaded would have them started over and over. */
const IDLE_ENDS_PER_THREAD = 3;

const ENCODING = { text, maxBytes: MAX_TASK_BYTES, root: 'arguments' };

function answer(call: ReceivedCall, { ok, value }: TaskOutcome): void {
  const result = decodeOnce(value, { text });
  if (ok) {
    call.reply(result);
    return;
  }
  call.fail('task_failed', `the task '${call.operation}' threw: ${describe(result)}`, result);
}

function answerEnded(call: ReceivedCall, ended: unknown): void {
  const reason = ended instanceof ThreadEnded ? ended.reason : { tag: 'shutdown' };
  call.fail('task_ended', `the thread of '${call.operation}' ended, ${describe(ended)}`, reason);
}

/** A module can throw anything. */
function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const message = `the module of the pool threw ${describe(thrown)}`;
  return new EnvironmentError('start_failed', message, { cause: thrown });
}

function endedInStart({ reason }: ThreadEnded): EnvironmentError {
  return new EnvironmentError('start_failed', 'the threads of the pool end before they run a task', {
    reason,
    cause: reason.detail,
  });
}

/** For people. */
function describe(what: unknown): string {
  if (what instanceof ThreadEnded) return `${what.reason.tag}: ${describe(what.reason.detail)}`;
  if (what instanceof Error) return what.message;
  try {
    return JSON.stringify(what) ?? String(what);
  } catch {
    return typeof what;
  }
}

function newGuard(): Guard | undefined {
  try {
    return new Guard({ clock: nodeClock() });
  } catch {
    // A Node without an inspector: V8's own limits are all there is, as for every thread.
    return undefined;
  }
}

function rethrow(error: unknown): never {
  throw error;
}
