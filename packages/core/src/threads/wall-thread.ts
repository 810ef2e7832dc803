/**
 * One worker thread as its wall sees it, from its start to its exit:
 *
 *   starting ──ready──► waiting ──boot──► running ──exit──► ended
 *
 * A thread that is booted before it is ready starts running as soon as it is. The end is told once, from
 * the worker's own `exit` event, with the evidence that was gathered on this side.
 */
import { MessageChannel, receiveMessageOnPort, type MessagePort, type Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import type { WallEnd, WallLimits, WallThread } from '../kernel/wall.js';
import type { GuardEntry, LimitExceeded } from './guard.js';
import { guardLimits, hardHeapMb, STDIO_BYTES_PER_SECOND } from './limits.js';
import type { OpenThread } from './open-thread.js';
import { OutputQuota } from './output-quota.js';
import { PortLink } from './port-link.js';
import type { ThreadUse } from './use.js';
import { ThreadGuest } from './thread-guest.js';
import { lowerPriority, restorePriority } from './thread-cpu.js';
import { readFromBootstrap, type FromWall, type OutputStream, type ThreadRequest } from './wall-messages.js';

/** The bootstrap cannot be inspected while the application's thread is blocked in a native call: then it
 * runs unguarded at first, rather than not at all. */
const GUARD_WITHIN_MS = 500;
/** How long after the end of its link a thread may take to exit. */
const EXIT_WITHIN_MS = 250;

export interface WallThreadSetup {
  readonly opened: OpenThread;
  readonly title: string;
  readonly clock: Clock;
  readonly guard: GuardEntry | undefined;
  /** The bootstrap has run, and the guard is in place. */
  ready(thread: NodeThread): void;
  /** It has rehearsed as a spare, and this is what its code looks like compiled. */
  compiled(code: Uint8Array): void;
  /** The guest has sent its first batch. */
  heard(): void;
  output(thread: NodeThread, stream: OutputStream, text: string, dropped: number): void;
  violation(thread: NodeThread, problem: string): void;
  /** It is to be held to a share of the processor, and the system does not tell what it uses. */
  unmeasured(thread: NodeThread): void;
  stuck(thread: NodeThread): void;
  ended(thread: NodeThread): void;
}

export class NodeThread implements WallThread {
  readonly link: PortLink;
  readonly token: string;
  readonly limits: WallLimits;
  readonly guard: GuardEntry | undefined;
  readonly #setup: WallThreadSetup;
  readonly #worker: Worker | undefined;
  readonly #wall: MessagePort;
  readonly #quota: OutputQuota;
  #title: string;
  #tid = -1;
  #left = false;
  #heapLimitMb: number | undefined;
  #ready = false;
  #rehearsed = false;
  #request: ThreadRequest | undefined;
  #cancelWait: (() => void) | undefined;
  #silent = false;
  #lastBeside = 0;
  #exceeded: LimitExceeded | undefined;
  #end: WallEnd | undefined;
  #observer: ((end: WallEnd) => void) | undefined;

  constructor(setup: WallThreadSetup) {
    this.#setup = setup;
    const { token, limits, control, wall, worker } = setup.opened;
    this.token = token;
    this.#title = setup.title;
    this.limits = limits;
    this.guard = setup.guard;
    this.#quota = new OutputQuota(STDIO_BYTES_PER_SECOND, () => setup.clock.now());
    this.link = new PortLink(control, {
      violation: (problem) => setup.violation(this, problem),
      firstBatch: () => setup.heard(),
      ended: () => this.#expectExit(),
    });
    this.link.unref();
    this.#wall = wall;
    this.#worker = this.#watched(worker);
    this.#wall.on('message', (message) => this.#heard(message));
    this.#wall.unref();
  }

  get title(): string {
    return this.#title;
  }

  /** Its bootstrap has run and the guard is in place. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Its link has ended: no code runs there any more, as far as its end can be seen from its own side. */
  get left(): boolean {
    return this.#left;
  }

  /** It was let in to run a guest: no spare. */
  get booted(): boolean {
    return this.#request !== undefined;
  }

  /** As a spare it has gone through a start for practice: the next one is as quick as it gets. */
  get rehearsed(): boolean {
    return this.#rehearsed;
  }

  get tid(): number {
    return this.#tid;
  }

  get use(): ThreadUse {
    const cpuNs = this.guard?.cpu?.read();
    return {
      path: this.#title,
      heapMb: this.guard?.reading?.heapMb,
      offHeapMb: this.guard?.reading?.offHeapMb,
      cpuMs: cpuNs === undefined ? undefined : cpuNs / 1e6,
      printed: this.#quota.passed,
    };
  }

  /** What V8 took as the hard limit of the heap, MB; undefined until the bootstrap has run. */
  get heapLimitMb(): number | undefined {
    return this.#heapLimitMb;
  }

  /** V8 did not take our hard limit: a flag of the process overrides it. */
  get limitOverridden(): boolean {
    return this.#heapLimitMb !== undefined && this.#heapLimitMb > 1.5 * hardHeapMb(this.limits.heapMb) + 64;
  }

  /** Lets the guest in, now or as soon as the thread is ready. */
  boot(request: ThreadRequest): void {
    this.#request = request;
    this.#title = request.title;
    // As a spare it knew only what V8 has to know from the start.
    this.guard?.limitTo(guardLimits(request.limits));
    this.#quota.bytesPerSecond = bytesPerSecond(request.limits);
    this.#worker?.ref();
    if (this.#ready) this.#letInNow(request);
  }

  /** What is held from outside is this from now on; V8's own limits stay what they are. */
  limitTo(limits: WallLimits): void {
    if (this.#request === undefined) return;
    this.#request = { ...this.#request, limits };
    if (this.guard?.overShare === true) restorePriority(this.#tid);
    this.guard?.limitTo(guardLimits(limits));
    this.#quota.bytesPerSecond = bytesPerSecond(limits);
    // Else it hears of them when it is let in.
    if (this.#ready) this.#post({ tag: 'limits', outputBytesPerSecond: bytesPerSecond(limits) });
    if (this.#ready) this.#checkMeasured(limits);
  }

  /** A thread that nobody uses yet does not keep the process going. */
  unref(): void {
    this.#worker?.unref();
  }

  beside(): WallThread {
    const { port1, port2 } = new MessageChannel();
    const number = ++this.#lastBeside;
    this.#wall.postMessage({ tag: 'beside', number, control: port2 } satisfies FromWall, [port2]);
    const letGo = (): void => this.#post({ tag: 'let go', number });
    const violation = (problem: string): void => this.#setup.violation(this, problem);
    return new ThreadGuest({ thread: this, control: port1, clock: this.#setup.clock, violation, letGo });
  }

  onEnd(observer: (end: WallEnd) => void): void {
    this.#observer = observer;
    if (this.#end !== undefined) observer(this.#end);
  }

  exceeded(evidence: LimitExceeded): void {
    this.#exceeded ??= evidence;
    this.terminate();
  }

  isWaiting(): boolean {
    const worker = this.#worker;
    // It grows while the loop waits, and only then. To read it does not disturb the thread.
    const idle = (): number => worker?.performance.eventLoopUtilization().idle ?? 0;
    const before = idle();
    return idle() > before;
  }

  terminate(): void {
    // A spare holds nobody up, but its end is waited for, and the guard's question may come before it.
    this.#worker?.ref();
    // Never awaited: a stuck thread does not settle it. The end is told by the `exit` event.
    const terminate = (): void => void this.#worker?.terminate();
    if (this.guard === undefined) terminate();
    else this.guard.release(this.#setup.clock, terminate);
  }

  /** Gets what others leave over, from now on. */
  makeWay(): void {
    lowerPriority(this.#tid);
  }

  markStuck(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#setup.stuck(this);
    this.makeWay();
    this.#worker?.unref();
  }

  /** The kernel may have gone on without it by now: whether it really exits is for this side to see. */
  #expectExit(): void {
    this.#left = true;
    const { clock } = this.#setup;
    this.#cancelWait?.();
    this.#cancelWait = clock.after(EXIT_WITHIN_MS, () => {
      this.terminate();
      this.#cancelWait = clock.after(EXIT_WITHIN_MS, () => this.markStuck());
    });
  }

  #watched(worker: OpenThread['worker']): Worker | undefined {
    if ('failed' in worker) {
      // Told like any other end, and not before the caller can observe it.
      queueMicrotask(() => {
        this.#output('stderr', `The thread could not be started: ${String(worker.failed)}\n`, 0);
        this.#exited(-1);
      });
      return undefined;
    }
    // What is printed before our own streams are in place. Taken here, not read as a stream: reading
    // would answer through Node's internal port, which the thread no longer serves.
    for (const stream of ['stdout', 'stderr'] as const) {
      worker[stream].push = (chunk: string | Buffer | null) => {
        if (chunk !== null) this.#output(stream, chunk.toString(), 0);
        return true;
      };
    }
    worker.on('error', (error: unknown) => this.#failed(worker, error));
    worker.once('exit', (code) => this.#exited(code));
    return worker;
  }

  #post(message: FromWall): void {
    this.#wall.postMessage(message);
  }

  #heard(message: unknown): void {
    const said = readFromBootstrap(message);
    if (said === undefined) this.#setup.violation(this, 'a message that the bootstrap does not send');
    else if (said.tag === 'output') this.#output(said.stream, said.text, said.dropped);
    else if (said.tag === 'rehearsed') {
      this.#rehearsed = true;
      // Never from a thread that a guest may be in by now.
      if (said.compiled !== undefined && this.#request === undefined) this.#setup.compiled(said.compiled);
    } else if (this.#heapLimitMb === undefined) {
      this.#tid = said.tid;
      this.#heapLimitMb = said.heapLimitMb;
      if (this.guard === undefined) return this.#letIn();
      this.#cancelWait = this.#setup.clock.after(GUARD_WITHIN_MS, () => this.#letIn());
      this.guard.prepare(said.tid, () => this.#letIn());
    }
  }

  #letIn(): void {
    this.#cancelWait?.();
    if (this.#ready || this.#end !== undefined) return;
    this.#ready = true;
    if (this.#request !== undefined) this.#letInNow(this.#request);
    this.#setup.ready(this);
  }

  #checkMeasured({ cpu }: WallLimits): void {
    if (cpu !== undefined && this.guard?.measuresCpu === false) this.#setup.unmeasured(this);
  }

  #letInNow(request: ThreadRequest): void {
    const { env, ticket } = request;
    this.#checkMeasured(request.limits);
    this.#post({ tag: 'boot', env, ticket, outputBytesPerSecond: bytesPerSecond(request.limits) });
  }

  #output(stream: OutputStream, text: string, droppedThere: number): void {
    if (this.#silent) return;
    const fits = this.#quota.take(text, stream === 'log');
    const dropped = this.#quota.takeDropped() + droppedThere;
    if (fits !== '' || dropped > 0) this.#setup.output(this, stream, fits, dropped);
  }

  /**
   * V8's own limit was reached. Node makes this error after the worker's handle is gone (thread id -1); an
   * error that a guest threw arrives before, whatever code it carries.
   */
  #failed(worker: Worker, error: unknown): void {
    const { code } = error as { code?: unknown };
    if (worker.threadId === -1 && code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const limitMb = this.limits.heapMb;
      this.#exceeded ??= { limit: 'heapMb', usedMb: hardHeapMb(limitMb), limitMb };
      return;
    }
    this.#output('stderr', `${textOf(error)}\n`, 0);
  }

  #exited(exitCode: number): void {
    this.#cancelWait?.();
    // What it printed last may lie unread yet, and closing the port would drop it.
    for (
      let last = receiveMessageOnPort(this.#wall);
      last !== undefined;
      last = receiveMessageOnPort(this.#wall)
    ) {
      const said = readFromBootstrap(last.message);
      if (said?.tag === 'output') this.#output(said.stream, said.text, said.dropped);
    }
    this.#wall.close();
    this.#end =
      this.#exceeded === undefined
        ? { kind: 'unexplained', exitCode }
        : { kind: 'reason', reason: { tag: 'limit', detail: this.#exceeded } };
    this.#setup.ended(this);
    this.#observer?.(this.#end);
  }
}

/** An error that came from a guest; its fields may be anything. */
function textOf(error: unknown): string {
  if (error instanceof Error && typeof error.stack === 'string') return error.stack;
  try {
    return String(error);
  } catch {
    return 'an error that cannot be shown';
  }
}

function bytesPerSecond({ stdioBytesPerSecond = STDIO_BYTES_PER_SECOND }: WallLimits): number {
  return stdioBytesPerSecond;
}
