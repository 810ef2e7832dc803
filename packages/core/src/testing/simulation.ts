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
import type { AfterTurn } from '../clock.js';
import type { ExitReason } from '../exit-reason.js';
import type { Address } from '../guest/address.js';
import type { Behaviour } from '../guest/behaviour.js';
import type { Context } from '../guest/context.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import { resultOf } from '../kernel/door.js';
import { withCircles } from '../events/circles.js';
import type { KernelEvent } from '../kernel/events.js';
import type {
  ChildSpec,
  EnvironmentSpec,
  Kernel,
  LoadResult,
  NodeStart,
  SupervisorLogic,
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
  WallEnd,
} from '../kernel/index.js';
import type { AnswerValue, MailboxTerms } from '../protocol/notices.js';
import type { InspectQuery, SuperviseOperation } from '../protocol/system-calls.js';
import { decodeOnce, encodeOnce, portableTextCodec } from '../values/index.js';
import { LoopbackLinks, type Delivery } from '../channel/loopback.js';
import { ManualClock } from './manual-clock.js';
import { readLogRecord, type LogRecord } from '../log-record.js';
import { noSupervision } from './no-supervision.js';
import { SeededRandom } from './random.js';
import { SimulatedDirect } from './simulated-direct.js';
import { SimulatedProcess, type Simulated } from './simulated-process.js';

const text = portableTextCodec;
const LIMITS = { heapMb: 64, youngMb: 8, stackMb: 4 };
const NO_SOURCE = new Uint8Array();

const SUPERVISOR = {
  strategy: 'one_for_one',
  intensity: 1,
  periodMs: 5000,
  autoShutdown: 'never',
  maxChildren: 'infinity',
  backoff: null,
} as const;

export interface SimulationOptions {
  /** 1 by default. */
  readonly seed?: number;
  /** The strategies; by default a supervisor that starts its children and never restarts. */
  readonly logic?: SupervisorLogic;
  /** Whether the application has pipes of its own to cells, beside the kernel's. False by default. */
  readonly direct?: boolean;
  /** Gets what environments log. */
  readonly onLog?: (record: LogRecord) => void;
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

export class Simulation {
  readonly seed: number;
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly kernel: Kernel;
  readonly events: KernelEvent[] = [];
  /** The application's endpoint: sends, calls and watches as an environment does. */
  readonly context: Context;
  /** An operation on the tree, asked by the application, as the kernel answers it. */
  readonly supervise: (operation: SuperviseOperation) => Promise<AnswerValue>;
  /** The environment that runs at a path, as administrators are given it. Rejects with `CallError` `noproc`. */
  readonly address: (path: string) => Promise<Address>;
  /** Its pipes to cells, if it has some. */
  readonly direct: SimulatedDirect | undefined;
  readonly #links = new LoopbackLinks();
  readonly #behaviours: SimulatedSpec[] = [];
  /** Threads and cells that live, in order of their start. */
  readonly #running = new Set<Simulated>();
  /** Ends of links that lie in threads which hang. */
  readonly #still = new Set<Delivery>();
  readonly #pipes = new Set<Delivery>();
  #afterTurn: (() => void)[] = [];
  #pending: (() => void)[] = [];

  constructor(options: SimulationOptions = {}) {
    this.seed = options.seed ?? 1;
    this.random = new SeededRandom(this.seed);
    const { clock } = this;
    const afterTurn: AfterTurn = (callback) => {
      this.#afterTurn.push(callback);
    };
    const later = (happens: () => void): void => {
      this.#pending.push(happens);
    };
    if (options.direct === true)
      this.direct = new SimulatedDirect({ clock, afterTurn, pipes: this.#pipes, later });
    const root = new SimulatedProcess(
      {
        clock,
        options: {
          random: this.random,
          logic: options.logic ?? noSupervision,
          loader: (request) => Promise.resolve(this.#load(decodeOnce(request, { text }))),
        },
        load: (boot) => {
          const { behaviour, args, bindings = {} } = this.#behaviours[boot as number] as SimulatedSpec;
          return Promise.resolve({ behaviour: behaviour as Behaviour, args, bindings });
        },
        log: (record) => options.onLog?.(readLogRecord(record)),
        links: this.#links,
        pipes: this.#pipes,
        still: this.#still,
        running: this.#running,
        afterTurn,
        later,
      },
      withCircles((event) => {
        this.events.push(event);
      }),
      undefined,
      this.direct,
    );
    this.kernel = root.kernel;
    const [port, otherPort] = this.#links.pair('application');
    const [near, far] = this.direct?.control(port, otherPort) ?? [port, otherPort];
    const thread = { hung: false, opened: [] };
    const runtime = root.runtime(far, () => undefined, thread, undefined, this.direct?.opener(this.#links));
    this.kernel.attach(near, 'application', this.spec({ behaviour: NO_BEHAVIOUR }));
    this.supervise = (operation) => runtime.ask({ call: 'supervise', operation });
    this.address = async (path) => {
      const given: Address[] = [];
      await runtime.ask({ call: 'supervise', operation: { op: 'address', path } }, (handle) => {
        given.push(runtime.address(handle as number));
      });
      return given[0] as Address;
    };
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

  /** A supervisor as a child. */
  group(id: string, children: readonly ChildSpec[], fields: Partial<SupervisorSpec> = {}): ChildSpec {
    const spec = { ...SUPERVISOR, children, ...fields };
    const start: NodeStart = { kind: 'supervisor', spec };
    const child = { kind: 'supervisor', name: null, shutdown: 'infinity', start } as const;
    return this.child(id, { behaviour: NO_BEHAVIOUR }, child);
  }

  /** The same child in a process of its own, with all that is below it. */
  inCell(child: ChildSpec): ChildSpec {
    return {
      ...child,
      start: { kind: 'cell', spec: this.spec({ behaviour: NO_BEHAVIOUR }), start: child.start as NodeStart },
    };
  }

  /** Starts a tree and runs until it is up; gives the reason if it did not come up. */
  async start(
    children: readonly ChildSpec[],
    { name = 'tree', ...fields }: Partial<SupervisorSpec> & { readonly name?: string } = {},
  ): Promise<ExitReason | undefined> {
    const spec: SupervisorSpec = { ...SUPERVISOR, children, ...fields };
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
    if (condition()) return;
    // What the caller has set going itself.
    await turnEnd();
    for (let step = 0; !condition(); step++) {
      await this.#flushTurns();
      if (step > maxSteps || !this.#happens(Infinity)) throw new SimulationStuck(this.seed, step);
      await turnEnd();
      await this.#flushTurns();
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
    if (!this.#happens(until)) return false;
    await this.#finishTurn();
    return true;
  }

  /** The one thing itself, without what follows from it. */
  #happens(until: number): boolean {
    const deliveries = [...this.#links.ready(), ...this.#pipes].filter(
      (delivery) => !this.#still.has(delivery),
    );
    const choices = deliveries.length + this.#pending.length;
    if (choices > 0) {
      const choice = this.random.below(choices);
      if (choice < deliveries.length) deliveries[choice]?.deliver();
      else this.#pending.splice(choice - deliveries.length, 1)[0]?.();
    } else return this.clock.fireNext(until);
    return true;
  }

  /** Kills the thread of an environment from outside, as a native crash does. */
  crash(path: string, reason?: ExitReason): void {
    this.#alive('thread', path).end(endOf(reason));
  }

  /** Kills the process of a cell from outside, with everything in it. */
  crashCell(path: string, reason: ExitReason = { tag: 'cell', detail: 'SIGKILL' }): void {
    this.#alive('cell', path).end(endOf(reason));
  }

  /** Asks the runtime of an environment something, as administrators do; the answer does not matter. */
  inspect(path: string, query: InspectQuery): void {
    const { tree } = this.kernel;
    const environment = tree.environment(path);
    const cell = tree.cell(path);
    if (cell !== undefined) cell.guest.supervise({ op: 'inspect', path, query }, () => undefined);
    else environment?.guest.inspect(environment.slot, query, () => undefined);
  }

  /** Asks a supervisor for an operation, wherever it runs. False if there is none. */
  request(path: string, operation: SupervisorOperation, reply: (result: SupervisorResult) => void): boolean {
    const { tree } = this.kernel;
    const cell = tree.cell(path);
    if (cell === undefined) return tree.request(path, operation, reply);
    cell.guest.supervise({ op: 'request', path, request: operation }, (answer) => {
      reply(resultOf(answer));
    });
    return true;
  }

  /** From now on the thread does not end when it is told to. */
  jam(path: string): void {
    this.#alive('thread', path).stuck = true;
  }

  /** From now on the thread's event loop stands still: nothing reaches it, none of its timers fires. */
  hang(path: string): void {
    const thread = this.#alive('thread', path);
    thread.hung = true;
    for (const link of thread.opened) this.#still.add(link);
  }

  /** Paths of the environments whose threads live, in order of their start. */
  get alive(): readonly string[] {
    return this.#titles('thread');
  }

  /** Paths of the nodes whose processes live, likewise. */
  get cells(): readonly string[] {
    return this.#titles('cell');
  }

  /** How many threads of environments live. */
  get threads(): number {
    return this.alive.length;
  }

  #titles(kind: Simulated['kind']): readonly string[] {
    return [...this.#running].filter((one) => one.kind === kind).map(({ title }) => title);
  }

  async #finishTurn(): Promise<void> {
    await turnEnd();
    await this.#flushTurns();
  }

  /** What waited for the end of the turn, and the turns that follow from it. */
  async #flushTurns(): Promise<void> {
    while (this.#afterTurn.length > 0) {
      const due = this.#afterTurn;
      this.#afterTurn = [];
      for (const callback of due) callback();
      await turnEnd();
    }
  }

  #alive(kind: Simulated['kind'], path: string): Simulated {
    const found = [...this.#running].findLast((one) => one.kind === kind && one.title === path);
    if (found === undefined) throw new SimulationStuck(this.seed, 0, `no ${kind} runs '${path}'`);
    return found;
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

function endOf(reason: ExitReason | undefined): WallEnd {
  return reason === undefined ? { kind: 'unexplained', exitCode: 134 } : { kind: 'reason', reason };
}

const NO_BEHAVIOUR: Behaviour = { behaviour: 'environment', run: () => undefined };

/** All microtasks of this turn have run. */
function turnEnd(): Promise<void> {
  return new Promise((resolve) => {
    // eslint-disable-next-line no-restricted-globals -- only the host's own loop knows when all microtasks have run
    setImmediate(resolve);
  });
}
