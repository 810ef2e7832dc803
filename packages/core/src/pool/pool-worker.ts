/**
 * One thread of a pool, as its host sees it. Piscina makes its threads by `new Worker` with a few options
 * of its own; this class stands in for `Worker` in the host's thread and adds what every thread of ours
 * has: a title that the guard knows it by, captured streams, a port of its own to be booted over, and a
 * reason for its end.
 *
 *   starting ──ready, guarded, Piscina is ready──► booted ──image evaluated──► loaded ──► ended
 */
import { randomBytes } from 'node:crypto';
import workerThreads, {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
  type MessagePort,
  type WorkerOptions,
} from 'node:worker_threads';
import type { ExitReason } from '../exit-reason.js';
import type { Clock } from '../clock.js';
import type { Guard, GuardEntry, LimitExceeded } from '../threads/guard.js';
import { InspectionGate } from '../threads/inspection-gate.js';
import { guardLimits, hardHeapMb, STDIO_BYTES_PER_SECOND } from '../threads/limits.js';
import { OutputQuota } from '../threads/output-quota.js';
import { lowerPriority } from '../threads/thread-cpu.js';
import { STUCK_FOR_GOOD_MS } from '../threads/limits.js';
import type { WallLimits } from '../kernel/wall.js';
import type { FromPoolThread, PoolThreadPorts, ToPoolThread } from './pool-boot.js';

/** As for every thread: it runs unguarded at first rather than not at all. */
const GUARD_WITHIN_MS = 500;
const STUCK_AFTER_MS = 250;

export interface PoolWorkerSetup {
  readonly boot: ToPoolThread;
  readonly limits: WallLimits;
  readonly clock: Clock;
  /** Undefined where this Node has no inspector. */
  readonly guard: Guard | undefined;
  readonly loaded: (operations: readonly string[]) => void;
  /** Takes a record of the log. */
  readonly log: (record: string) => void;
  /** Only the end of the process ends a thread that was told to long ago. */
  readonly stuckForGood: () => void;
  /** The thread is of no use, and others would not be either. */
  readonly unfit: (error: Uint8Array | ThreadEnded) => void;
}

/** Why the thread of a task has ended; what Piscina rejects the task with. */
export class ThreadEnded {
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}

/** Makes Piscina, in this thread, start threads of ours. Call before Piscina makes its first. */
export function installPoolWorker(setup: PoolWorkerSetup): void {
  const run = randomBytes(6).toString('hex');
  let started = 0;
  class Installed extends PoolWorker {
    constructor(filename: string | URL, options: WorkerOptions) {
      started += 1;
      super(filename, options, setup, `espalier:${run}-${String(started)}`, started);
    }
  }
  Object.assign(workerThreads, { Worker: Installed });
}

export class PoolWorker extends Worker {
  readonly #setup: PoolWorkerSetup;
  readonly #token: string;
  readonly #port: MessagePort;
  readonly #quota: OutputQuota;
  #guardEntry: GuardEntry | undefined;
  #cancelWait: (() => void) | undefined;
  #guarded = false;
  #piscinaReady = false;
  #booted = false;
  #loaded = false;
  #dismissed = false;
  #tid = -1;
  #ended: ThreadEnded | undefined;

  constructor(
    filename: string | URL,
    options: WorkerOptions,
    setup: PoolWorkerSetup,
    token: string,
    serial: number,
  ) {
    const { port1, port2 } = new MessageChannel();
    const gate = new InspectionGate();
    const ports: PoolThreadPorts = {
      port: port2,
      outputBytesPerSecond: STDIO_BYTES_PER_SECOND,
      gate: gate.shared,
    };
    const guardEntry = setup.guard?.watch({
      token,
      gate,
      limits: guardLimits(setup.limits),
      onLimit: (exceeded) => this.#exceeded(exceeded),
    });
    super(filename, {
      ...options,
      name: `${token} pool thread ${String(serial)}`,
      stdin: false,
      stdout: true,
      stderr: true,
      workerData: ports,
      transferList: [port2],
    });
    this.#setup = setup;
    this.#token = token;
    this.#guardEntry = guardEntry;
    this.#port = port1;
    this.#quota = new OutputQuota(STDIO_BYTES_PER_SECOND, () => setup.clock.now());
    // What is printed before our own streams are in place; taken here, not read as a stream, because
    // reading would answer through Node's internal port.
    for (const stream of ['stdout', 'stderr'] as const) {
      this[stream].push = (chunk: string | Buffer | null) => {
        if (chunk !== null) process[stream].write(this.#quota.take(chunk.toString()));
        return true;
      };
    }
    this.#port.on('message', (message: FromPoolThread) => this.#heard(message));
    this.#port.unref();
    this.once('message', () => {
      this.#piscinaReady = true;
      this.#boot();
    });
    // Piscina listens too, but no longer once it has given the thread up.
    this.on('error', () => undefined);
    this.once('exit', () => this.#gone());
  }

  /** Piscina takes an `error` for the end of the thread and of its tasks: it gets the reason with it. */
  override emit(event: string | symbol, ...parameters: unknown[]): boolean {
    if (event === 'error') return super.emit('error', this.#end(this.#reasonOf(parameters[0])));
    if (event === 'exit' && this.#ended === undefined && !this.#dismissed) {
      super.emit('error', this.#end({ tag: 'error', detail: { exitCode: parameters[0] } }));
    }
    return super.emit(event, ...parameters);
  }

  #end(reason: ExitReason): ThreadEnded {
    this.#ended ??= new ThreadEnded(reason);
    return this.#ended;
  }

  #exceeded(exceeded: LimitExceeded): void {
    super.emit('error', this.#end({ tag: 'limit', detail: { ...exceeded } }));
    void this.terminate();
  }

  #reasonOf(error: unknown): ExitReason {
    if (this.threadId === -1 && (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const { heapMb } = this.#setup.limits;
      return { tag: 'limit', detail: { limit: 'heapMb', usedMb: hardHeapMb(heapMb), limitMb: heapMb } };
    }
    return { tag: 'error', detail: error };
  }

  #heard(message: FromPoolThread): void {
    switch (message.tag) {
      case 'ready':
        this.#ready(message.tid);
        return;
      case 'loaded':
        this.#loaded = true;
        this.#setup.loaded(message.operations);
        return;
      case 'unfit':
        this.#setup.unfit(message.error);
        return;
      case 'output': {
        const { stream } = message;
        const text = this.#quota.take(message.text, stream === 'log');
        if (text === '') return;
        if (stream === 'log') this.#setup.log(text);
        else process[stream].write(text);
      }
    }
  }

  #ready(tid: number): void {
    this.#tid = tid;
    const guarded = (): void => {
      this.#cancelWait?.();
      this.#guarded = true;
      this.#boot();
    };
    if (this.#guardEntry === undefined) {
      guarded();
      return;
    }
    this.#cancelWait = this.#setup.clock.after(GUARD_WITHIN_MS, guarded);
    this.#guardEntry.prepare(tid, guarded);
  }

  #boot(): void {
    if (!this.#guarded || !this.#piscinaReady || this.#booted || this.#ended !== undefined) return;
    this.#booted = true;
    this.#port.postMessage(this.#setup.boot);
  }

  /** Piscina lets go of it: idle for too long, its task cancelled, or its end known already. */
  override terminate(): Promise<number> {
    this.#dismissed = true;
    this.#cancelWait?.();
    this.#cancelWait = this.#setup.clock.after(STUCK_AFTER_MS, () => this.#stuck());
    const guard = this.#guardEntry;
    if (guard === undefined) return super.terminate();
    return new Promise((resolve) => {
      guard.release(this.#setup.clock, () => {
        void super.terminate().then(resolve);
      });
    });
  }

  /** It may be in a long native call, and shall be in nobody's way meanwhile. */
  #stuck(): void {
    this.#cancelWait = this.#setup.clock.after(STUCK_FOR_GOOD_MS, this.#setup.stuckForGood);
    lowerPriority(this.#tid);
    process.stderr.write(`A thread of the pool does not end when it is told to, and is replaced.\n`);
  }

  #gone(): void {
    this.#cancelWait?.();
    this.#setup.guard?.forget(this.#token);
    // What it said last may wait still: Node tells of a thread's end before it empties other ports than its own.
    for (let last; (last = receiveMessageOnPort(this.#port)) !== undefined;) {
      this.#heard(last.message as FromPoolThread);
    }
    this.#port.close();
    // Every other thread would end alike, and Piscina would start them one after the other.
    if (!this.#loaded && this.#ended !== undefined) this.#setup.unfit(this.#ended);
  }
}
