/**
 * The wall `thread`: worker threads with limits held from outside, nothing of the host's environment, own
 * standard streams and warm spares. Runs in the kernel's thread, which may itself be a worker.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { WallLimits, WallThread } from '../kernel/wall.js';
import { Guard, overShare, type LimitExceeded } from './guard.js';
import { isWithin } from '../node-path.js';
import { guardLimits, STUCK_FOR_GOOD_MS } from './limits.js';
import { nodeClock } from './node-clock.js';
import { openThread, type OpenThread } from './open-thread.js';
import { Spares, type SpareOptions } from './spares.js';
import { NodeThread } from './wall-thread.js';
import type { ThreadUse } from './use.js';
import {
  builtCompiled,
  builtThreadCode,
  compileThreadCode,
  rehearsedCode,
  type ThreadCode,
} from './thread-code.js';
import type { OutputStream, ThreadRequest, ThreadStarter } from './wall-messages.js';

/** After this long `close` no longer waits for threads to end. */
const CLOSE_WITHIN_MS = 1_000;

export interface ThreadWallOptions {
  /** The compiled bootstrap: a module that calls `bootThread(startGuest)`. */
  readonly bootstrap: URL;
  /** The file that `bootstrap` is to run, where that is compiled-thread.cjs. */
  readonly code?: URL;
  /** Default: the process's own. */
  readonly clock?: Clock;
  readonly spares?: SpareOptions;
  /** A thread that is starting already: the first spare, where there are to be any. */
  readonly early?: OpenThread | undefined;
  /** Something was printed. `dropped` counts what exceeded the quota and was not. */
  output?(title: string, stream: OutputStream, text: string, dropped: number): void;
  /** A thread sent what does not belong to the protocol; its link has ended. */
  violation?(title: string, problem: string): void;
  /** That thread was told to end long ago, and only the end of the process will end it. */
  stuckForGood?(title: string): void;
  /** Something is not as it should be: no guard, or V8 did not take a limit. For people. */
  warning?(problem: string): void;
}

/** One thread, for inspection. Memory as the guard read it last, MB; undefined before that. */
export interface ThreadFacts {
  readonly title: string;
  readonly tid: number;
  /** Its bootstrap has run: a spare can be taken. */
  readonly ready: boolean;
  /** A spare that has gone through a start for practice: the next one is as quick as it gets. */
  readonly rehearsed: boolean;
  readonly heapMb: number | undefined;
  readonly offHeapMb: number | undefined;
}

export class ThreadWall implements ThreadStarter {
  readonly #options: ThreadWallOptions;
  readonly #clock: Clock;
  readonly #spares: Spares<NodeThread>;
  readonly #threads = new Set<NodeThread>();
  readonly #stuck = new Set<NodeThread>();
  #runId: string | undefined;
  #code: ThreadCode | undefined;
  #guard: Guard | undefined | 'none';
  #started = 0;
  #saidUnmeasured = false;
  #closed: (() => void) | undefined;

  constructor(options: ThreadWallOptions) {
    this.#options = options;
    this.#clock = options.clock ?? nodeClock();
    this.#spares = new Spares<NodeThread>(
      {
        start: (limits) => {
          const spare = this.#open('spare', limits);
          spare.unref();
          return spare;
        },
        discard: (spare) => spare.terminate(),
      },
      this.#clock,
      options.spares,
    );
    const { early } = options;
    if (early !== undefined && isThere(early)) {
      const thread = this.#thread('spare', early);
      thread.unref();
      this.#spares.adopt(thread, early.limits);
    }
  }

  start(request: ThreadRequest): WallThread {
    const thread = this.#spares.take(request.limits) ?? this.#open(request.title, request.limits);
    thread.boot(request);
    return thread;
  }

  /** Threads that were told to end and did not. While there is one, end the process by `endProcess`. */
  get stuck(): readonly string[] {
    return [...this.#stuck].map(({ title }) => title);
  }

  /** The threads of environments, and apart from them those that wait as spares. */
  facts(): { readonly threads: ThreadFacts[]; readonly spares: ThreadFacts[] } {
    const spares = new Set(this.#spares.threads);
    return {
      threads: [...this.#threads].filter((thread) => !spares.has(thread) && !thread.left).map(factsOf),
      spares: [...spares].map(factsOf),
    };
  }

  /** Of the thread that runs under that title, if there is one. */
  setLimits(title: string, limits: WallLimits): void {
    for (const thread of this.#threads) if (thread.title === title && !thread.left) thread.limitTo(limits);
  }

  /** Of the threads at that path and below. */
  use(path: string): readonly ThreadUse[] {
    const spares = new Set(this.#spares.threads);
    const running = [...this.#threads].filter((thread) => !spares.has(thread) && !thread.left);
    return running.filter(({ title }) => isWithin(title, path)).map(({ use }) => use);
  }

  /** Has every thread collect its garbage; `done` when those that can have done it. */
  collect(done: () => void): void {
    if (this.#guard instanceof Guard) this.#guard.collect(done);
    else done();
  }

  async close(): Promise<void> {
    this.#spares.close();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(CLOSE_WITHIN_MS, resolve);
      this.#closed = () => {
        if (this.#threads.size > this.#stuck.size) return;
        cancel();
        resolve();
      };
      this.#closed();
    });
    this.dismissGuard();
  }

  /** Ends the inspector session at once: the process is about to end. Limits are V8's alone from here on. */
  dismissGuard(): void {
    if (this.#guard instanceof Guard) this.#guard.close();
    this.#guard = 'none';
  }

  #open(title: string, limits: WallLimits): NodeThread {
    this.#started += 1;
    // Not before a thread is opened: a cell's first one was opened before, and the kernel's thread of cells has none.
    this.#runId ??= randomBytes(6).toString('hex');
    const token = `espalier:${this.#runId}-${this.#started}`;
    const { bootstrap, code: file } = this.#options;
    if (file !== undefined) this.#code ??= builtThreadCode(file);
    // Built by another Node. To compile it for others costs as much as that saves two of them, and a cell may have but one.
    if (
      this.#started > 2 &&
      this.#code?.compiled.byteLength === 0 &&
      !existsSync(builtCompiled(this.#code.file))
    )
      this.#code = compileThreadCode(this.#code);
    return this.#thread(title, openThread({ bootstrap, code: this.#code, token, title, limits }));
  }

  #thread(title: string, opened: OpenThread): NodeThread {
    const guard = this.#watchful()?.watch({
      token: opened.token,
      gate: opened.gate,
      limits: guardLimits(opened.limits),
      onLimit: (exceeded: LimitExceeded) => thread.exceeded(exceeded),
      onOverShare: (used) => this.#overShare(thread, used),
    });
    const thread: NodeThread = new NodeThread({
      opened,
      title,
      clock: this.#clock,
      guard,
      ready: (ready) => this.#ready(ready),
      compiled: (code) => this.#rehearsed(code),
      heard: () => this.#spares.settled(),
      output: (from, stream, text, dropped) => this.#options.output?.(from.title, stream, text, dropped),
      violation: (from, problem) => this.#options.violation?.(from.title, problem),
      unmeasured: ({ title: of }) => this.#unmeasured(of),
      stuck: (which) => this.#isStuck(which),
      stuckForGood: ({ title: of }) => this.#options.stuckForGood?.(of),
      ended: (ended) => this.#ended(ended),
    });
    this.#threads.add(thread);
    return thread;
  }

  #ready(thread: NodeThread): void {
    if (thread.limitOverridden) {
      this.#options.warning?.(
        `V8 took ${Math.round(thread.heapLimitMb ?? 0)} MB as the heap limit of a thread: a flag of the process overrides ours`,
      );
    }
    this.#spares.ready(thread);
  }

  /** Others go first from now on: an ordinary user cannot take that back, so it lasts as long as the thread. */
  #overShare(thread: NodeThread, used: number): void {
    thread.makeWay();
    this.#options.warning?.(overShare(thread.title, used));
  }

  /** Once: it is the machine that does not tell. */
  #unmeasured(title: string): void {
    if (this.#saidUnmeasured) return;
    this.#saidUnmeasured = true;
    this.#options.warning?.(
      `The system does not tell what a thread uses of the processor: the limit \`cpu\` of '${title}' and others is not held`,
    );
  }

  #isStuck(thread: NodeThread): void {
    this.#stuck.add(thread);
    this.#clock.after(STUCK_FOR_GOOD_MS, () => {
      if (this.#stuck.has(thread) && thread.booted) this.#options.stuckForGood?.(thread.title);
    });
  }

  #rehearsed(compiled: Uint8Array): void {
    if (this.#code?.rehearsed === false) this.#code = rehearsedCode(this.#code, compiled);
  }

  #ended(thread: NodeThread): void {
    this.#threads.delete(thread);
    this.#stuck.delete(thread);
    this.#spares.ended(thread);
    if (this.#guard instanceof Guard) this.#guard.forget(thread.token);
    this.#closed?.();
  }

  #watchful(): Guard | undefined {
    if (this.#guard === undefined) {
      try {
        this.#guard = new Guard({ clock: this.#clock });
      } catch (error) {
        this.#options.warning?.(`No guard: ${String(error)}. Only V8 holds the limits of threads`);
        this.#guard = 'none';
      }
    }
    return this.#guard === 'none' ? undefined : this.#guard;
  }
}

/** It may have ended meanwhile. */
function isThere({ worker }: OpenThread): boolean {
  return 'threadId' in worker && worker.threadId !== -1;
}

function factsOf({ title, tid, ready, rehearsed, guard }: NodeThread): ThreadFacts {
  return {
    title,
    tid,
    ready,
    rehearsed,
    heapMb: guard?.reading?.heapMb,
    offHeapMb: guard?.reading?.offHeapMb,
  };
}
