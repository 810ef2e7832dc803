/**
 * The simulation: a kernel and any number of guest runtimes in one thread, over loopback links, with a
 * seeded scheduler that picks the next batch, timer or crash. It runs the very modules that threads
 * run, with other links and another clock; there is no second kernel.
 *
 * Invariants:
 * - One thing happens at a time: a delivery, a timer, an end of a thread; then all microtasks run, then
 *   what waited for the end of the turn.
 * - What happens next depends on the seed and on the code under test alone: a run that failed is run
 *   again by its seed. (Behaviours that use real timers or I/O are outside of that.)
 * - Time moves only when nothing else can happen.
 */
import type { Link } from '../channel/link.js';
import type { AfterTurn, Clock } from '../clock.js';
import type { ExitReason } from '../exit-reason.js';
import type { Behaviour } from '../guest/behaviour.js';
import type { Context } from '../guest/context.js';
import { Runtime } from '../guest/runtime.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import type { KernelEvent } from '../kernel/events.js';
import {
  Kernel,
  type ChildSpec,
  type EnvironmentSpec,
  type LoadResult,
  type SupervisorLogic,
  type SupervisorSpec,
  type Wall,
  type WallEnd,
  type WallRequest,
  type WallThread,
} from '../kernel/index.js';
import type { MailboxTerms } from '../protocol/notices.js';
import { decodeOnce, encodeOnce, portableTextCodec } from '../values/index.js';
import { LoopbackLinks, type Delivery, type LoopbackLink } from '../channel/loopback.js';
import { ManualClock } from './manual-clock.js';
import { noSupervision } from './no-supervision.js';
import { SeededRandom } from './random.js';

const text = portableTextCodec;
const LIMITS = { heapMb: 64, youngMb: 8, stackMb: 4 };
const NO_SOURCE = new Uint8Array();

export interface SimulationOptions {
  /** 1 by default. */
  readonly seed?: number;
  /** The strategies; by default a supervisor that starts its children and never restarts. */
  readonly logic?: SupervisorLogic;
}

/** An environment of a simulation. */
export interface SimulatedSpec {
  /** What `server`, `environment` or `task` gave, whatever its types of arguments and state. */
  readonly behaviour: Pick<Behaviour, 'behaviour'>;
  readonly args?: unknown;
  readonly name?: string;
  readonly bindings?: Readonly<Record<string, unknown>>;
  readonly terms?: Partial<MailboxTerms>;
  readonly unresponsiveMs?: number;
}

interface SimulatedThread {
  readonly title: string;
  readonly link: LoopbackLink;
  runtime: Runtime | undefined;
  ended: boolean;
  observers: ((end: WallEnd) => void)[];
  /** Never ends when told to: a stuck thread. */
  stuck: boolean;
  /** Its event loop stands still. */
  hung: boolean;
  readonly opened: LoopbackLink[];
}

type ThreadState = Pick<SimulatedThread, 'ended' | 'hung' | 'opened'>;

export class Simulation {
  readonly seed: number;
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly kernel: Kernel;
  readonly events: KernelEvent[] = [];
  /** The application's endpoint: sends, calls and watches as an environment does. */
  readonly context: Context;
  readonly #links = new LoopbackLinks();
  readonly #behaviours: SimulatedSpec[] = [];
  /** Those that live. */
  readonly #threads = new Set<SimulatedThread>();
  /** Ends of links that lie in threads which hang. */
  readonly #still = new Set<Delivery>();
  #afterTurn: (() => void)[] = [];
  #pendingEnds: (() => void)[] = [];

  constructor(options: SimulationOptions = {}) {
    this.seed = options.seed ?? 1;
    this.random = new SeededRandom(this.seed);
    const afterTurn: AfterTurn = (callback) => {
      this.#afterTurn.push(callback);
    };
    const wall: Wall = {
      start: (request) => this.#startThread(request),
      close: () => Promise.resolve(),
    };
    this.kernel = new Kernel({
      clock: this.clock,
      realClock: this.clock,
      random: this.random,
      afterTurn,
      // Deliveries come before timers.
      nextTurn: (callback) => this.clock.after(0, callback),
      text,
      wall,
      links: this.#links,
      logic: options.logic ?? noSupervision,
      loader: (request) => Promise.resolve(this.#load(decodeOnce(request, { text }))),
      observe: (event) => {
        this.events.push(event);
      },
    });
    const [near, far] = this.#links.pair('application');
    const runtime = this.#runtime(far, () => undefined, { ended: false, hung: false, opened: [] });
    this.kernel.attach(near, 'application', this.spec({ behaviour: NO_BEHAVIOUR }));
    this.context = runtime.openEndpoint(0, 1, DEFAULT_TERMS).context;
  }

  /** An environment's spec for the kernel. */
  spec(simulated: SimulatedSpec): EnvironmentSpec {
    const index = this.#behaviours.push(simulated) - 1;
    return {
      boot: encodeOnce(index, { text }),
      name: simulated.name ?? null,
      terms: { ...DEFAULT_TERMS, ...simulated.terms },
      limits: LIMITS,
      unresponsiveMs: simulated.unresponsiveMs ?? 'infinity',
      env: {},
    };
  }

  /** A child spec of a supervisor with OTP's defaults. */
  child(id: string, simulated: SimulatedSpec, fields: Partial<ChildSpec> = {}): ChildSpec {
    return {
      id,
      kind: 'environment',
      name: simulated.name ?? id,
      restart: 'permanent',
      shutdown: 5000,
      significant: false,
      startTimeoutMs: 'infinity',
      backoff: 'inherit',
      start: { kind: 'environment', spec: this.spec({ name: id, ...simulated }) },
      version: '',
      source: NO_SOURCE,
      ...fields,
    };
  }

  /** Starts a tree and runs until it is up; gives the reason if it did not come up. */
  async start(
    children: readonly ChildSpec[],
    { name = 'tree', ...fields }: Partial<SupervisorSpec> & { readonly name?: string } = {},
  ): Promise<ExitReason | undefined> {
    const spec: SupervisorSpec = {
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5000,
      autoShutdown: 'never',
      maxChildren: 'infinity',
      backoff: null,
      children,
      ...fields,
    };
    let outcome: { failure: ExitReason | undefined } | undefined;
    this.kernel.start(name, spec, (failure) => {
      outcome = { failure };
    });
    await this.until(() => outcome !== undefined);
    return outcome?.failure;
  }

  /** Runs until the promise has settled, and gives what it gave. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    await this.until(() => settled);
    return promise;
  }

  /** Runs until the condition holds. Throws if nothing can happen any more and it does not. */
  async until(condition: () => boolean, maxSteps = 100_000): Promise<void> {
    for (let step = 0; !condition(); step++) {
      await turnEnd();
      if (condition()) return;
      if (step > maxSteps || !(await this.step())) throw new SimulationStuck(this.seed, step);
    }
  }

  /** Runs until nothing can happen any more at the present time. */
  async quiet(maxSteps = 100_000): Promise<void> {
    for (let step = 0; step < maxSteps; step++) if (!(await this.step(this.clock.now()))) return;
    throw new SimulationStuck(this.seed, maxSteps);
  }

  /** Lets time pass: everything that is due by then happens in order. */
  async advance(ms: number): Promise<void> {
    const goal = this.clock.now() + ms;
    await this.quiet();
    while (this.clock.next() <= goal) {
      await this.step(goal);
      // What a timer has set going happens at its time, not at the goal's.
      await this.quiet();
    }
    this.clock.moveTo(goal);
    await this.quiet();
  }

  /** One thing happens. False if nothing can, up to that time. */
  async step(until = Infinity): Promise<boolean> {
    await this.#finishTurn();
    const deliveries = this.#links.ready().filter((delivery) => !this.#still.has(delivery));
    const choices = deliveries.length + this.#pendingEnds.length;
    if (choices > 0) {
      const choice = this.random.below(choices);
      if (choice < deliveries.length) deliveries[choice]?.deliver();
      else this.#pendingEnds.splice(choice - deliveries.length, 1)[0]?.();
    } else if (!this.clock.fireNext(until)) {
      return false;
    }
    await this.#finishTurn();
    return true;
  }

  /** Kills the thread of an environment from outside, as a native crash does. */
  crash(path: string, reason?: ExitReason): void {
    const thread = this.#alive(path);
    this.#endThread(
      thread,
      reason === undefined ? { kind: 'unexplained', exitCode: 134 } : { kind: 'reason', reason },
    );
  }

  /** From now on the thread does not end when it is told to. */
  jam(path: string): void {
    this.#alive(path).stuck = true;
  }

  /** From now on the thread's event loop stands still: nothing reaches it, none of its timers fires. */
  hang(path: string): void {
    const thread = this.#alive(path);
    thread.hung = true;
    for (const link of [thread.link, ...thread.opened]) this.#still.add(link);
  }

  /** Paths of the environments whose threads live, in order of their start. */
  get alive(): readonly string[] {
    return [...this.#threads].map(({ title }) => title);
  }

  /** How many threads of environments live. */
  get threads(): number {
    return this.#threads.size;
  }

  async #finishTurn(): Promise<void> {
    await turnEnd();
    while (this.#afterTurn.length > 0) {
      const due = this.#afterTurn;
      this.#afterTurn = [];
      for (const callback of due) callback();
      await turnEnd();
    }
  }

  #alive(path: string): SimulatedThread {
    const thread = [...this.#threads].findLast(({ title }) => title === path);
    if (thread === undefined) throw new SimulationStuck(this.seed, 0, `no thread runs '${path}'`);
    return thread;
  }

  #startThread(request: WallRequest): WallThread {
    const [near, far] = this.#links.pair(request.title);
    const thread: SimulatedThread = {
      title: request.title,
      link: far,
      runtime: undefined,
      ended: false,
      observers: [],
      stuck: false,
      hung: false,
      opened: [],
    };
    this.#threads.add(thread);
    thread.runtime = this.#runtime(
      far,
      () => {
        this.#endThread(thread, { kind: 'unexplained', exitCode: 0 });
      },
      thread,
    );
    return {
      link: near,
      onEnd: (observer) => {
        thread.observers.push(observer);
      },
      // Time moves, and timers fire, only when nothing else can happen.
      isWaiting: () => !thread.hung,
      terminate: () => {
        if (!thread.stuck) this.#endThread(thread, { kind: 'unexplained', exitCode: 1 });
      },
      markStuck: () => undefined,
    };
  }

  #endThread(thread: SimulatedThread, end: WallEnd): void {
    if (thread.ended) return;
    thread.ended = true;
    this.#threads.delete(thread);
    // Nothing runs in it any more; what it had posted is still delivered.
    thread.runtime?.timers.clear();
    for (const link of [thread.link, ...thread.opened]) {
      link.close();
      this.#still.delete(link);
    }
    this.#pendingEnds.push(() => {
      // As a Worker's `exit` comes after its last message.
      for (const observer of thread.observers) observer(end);
    });
  }

  #runtime(link: Link, idle: () => void, thread: ThreadState): Runtime {
    // No timer of a thread that has ended or hangs fires.
    const after: Clock['after'] = (delayMs, wake) =>
      thread.ended
        ? () => undefined
        : this.clock.after(delayMs, () => {
            if (!thread.hung) wake();
          });
    return new Runtime({
      control: link,
      links: {
        open: (end) => {
          const loopback = this.#links.open(end) as LoopbackLink;
          thread.opened.push(loopback);
          return loopback;
        },
      },
      clock: { now: () => this.clock.now(), after },
      afterTurn: (callback) => {
        this.#afterTurn.push(callback);
      },
      nextTurn: (callback) => after(0, callback),
      text,
      // What the garbage collector does would depend on more than the seed.
      collector: { watch: () => undefined },
      load: (boot) => {
        const { behaviour, args, bindings = {} } = this.#behaviours[boot as number] as SimulatedSpec;
        return Promise.resolve({ behaviour: behaviour as Behaviour, args, bindings });
      },
      idle,
    });
  }

  /** `spawn` in a simulation names an index of `spawnable`. */
  #load(request: unknown): LoadResult {
    const { module, args, name } = request as { module: string; args: unknown; name: string | undefined };
    const simulated = this.#spawnable.get(module);
    if (simulated === undefined)
      return { ok: false, code: 'module_missing', text: `there is no module '${module}'` };
    const given = { ...(args === undefined ? {} : { args }), ...(name === undefined ? {} : { name }) };
    const spec = this.spec({ ...simulated, ...given });
    return { ok: true, id: `${module}-${String(++this.#spawned)}`, spec };
  }

  readonly #spawnable = new Map<string, SimulatedSpec>();
  #spawned = 0;

  /** Makes a behaviour known under a module name, for `spawn`. */
  module(name: string, simulated: SimulatedSpec): void {
    this.#spawnable.set(name, simulated);
  }
}

/** Nothing can happen any more, and what was waited for has not. */
export class SimulationStuck extends Error {
  readonly seed: number;

  constructor(
    seed: number,
    steps: number,
    what = `nothing can happen any more after ${String(steps)} steps`,
  ) {
    super(`simulation with seed ${String(seed)}: ${what}`);
    this.name = 'SimulationStuck';
    this.seed = seed;
  }
}

const NO_BEHAVIOUR: Behaviour = { behaviour: 'environment', run: () => undefined };

/** All microtasks of this turn have run. */
function turnEnd(): Promise<void> {
  return new Promise((resolve) => {
    // eslint-disable-next-line no-restricted-globals -- only the host's own loop knows when all microtasks have run
    setImmediate(resolve);
  });
}
