/**
 * One process of a simulation: a kernel, and the threads and cells that its wall has started. All processes share
 * one scheduler, clock and source of randomness; nothing of a process runs after its end.
 */
import { LoopbackLink, type Delivery, type LoopbackLinks } from '../channel/loopback.js';
import type { Link, LinkOpener } from '../channel/link.js';
import { CellFence } from '../cells/direct/cell-fence.js';
import { FencedLink } from '../cells/direct/fenced-link.js';
import type { Clock } from '../clock.js';
import { Runtime } from '../guest/runtime.js';
import type { RuntimeOptions } from '../guest/runtime-options.js';
import type { KernelEvent } from '../kernel/events.js';
import { Kernel, type WallEnd, type WallRequest, type WallThread } from '../kernel/index.js';
import type { KernelOptions } from '../kernel/parts.js';
import { portableTextCodec as text } from '../values/index.js';
import type { ManualClock } from './manual-clock.js';
import type { SimulatedDirect } from './simulated-direct.js';
import { simulatedPipe, type SimulatedPipe } from './simulated-pipe.js';

/** What all processes of a simulation share. */
export interface SimulatedWorld {
  readonly clock: ManualClock;
  readonly options: Pick<KernelOptions, 'random' | 'logic' | 'loader'>;
  readonly load: RuntimeOptions['load'];
  readonly log: RuntimeOptions['log'];
  readonly links: LoopbackLinks;
  /** Pipes that have something to deliver. */
  readonly pipes: Set<Delivery>;
  /** Ends of links that lie in threads which hang. */
  readonly still: Set<Delivery>;
  /** Those that live, in order of their start. */
  readonly running: Set<Simulated>;
  afterTurn(callback: () => void): void;
  /** Happens in its turn, as the scheduler picks. */
  later(happens: () => void): void;
}

/** A thread or a process that a wall has started. */
export interface Simulated {
  readonly kind: 'thread' | 'cell';
  readonly title: string;
  /** Never ends when told to: stuck. */
  stuck: boolean;
  hung: boolean;
  /** It has ended, and its wall has seen how; without an end nobody is there to see it. */
  end(end: WallEnd | undefined): void;
  /** Ends of links that lie in it. */
  readonly opened: LoopbackLink[];
}

interface Observed extends Simulated {
  /** Whatever it had sent has arrived before its end is told. */
  beforeEnd: () => void;
  observer: (end: WallEnd) => void;
}

/** How a thread or a cell that was killed looks to the wall that has done it. */
const KILLED: WallEnd = { kind: 'unexplained', exitCode: 1 };

export class SimulatedProcess {
  readonly kernel: Kernel;
  readonly #world: SimulatedWorld;
  readonly #started = new Set<Simulated>();
  readonly #pipe: SimulatedPipe | undefined;
  readonly #direct: SimulatedDirect | undefined;
  /** Ends of links that lie in its kernel. */
  readonly #links = new Set<LoopbackLink>();
  #ended = false;

  constructor(
    world: SimulatedWorld,
    observe: (event: KernelEvent) => void,
    up?: {
      readonly pipe: (process: SimulatedProcess) => SimulatedPipe;
      /** Its control link beside a direct pipe. */
      readonly control: (link: Link) => Link;
      readonly over: () => void;
    },
    direct?: SimulatedDirect,
  ) {
    this.#world = world;
    this.#direct = direct;
    this.#pipe = up?.pipe(this);
    const clock: Clock = {
      now: () => world.clock.now(),
      after: (delayMs, wake) => world.clock.after(delayMs, () => this.#unlessEnded(wake)),
    };
    this.kernel = new Kernel({
      ...world.options,
      clock,
      realClock: clock,
      afterTurn: this.afterTurn,
      // Deliveries come before timers.
      nextTurn: (callback) => clock.after(0, callback),
      text,
      wall: {
        start: (request) =>
          request.boundary === 'thread' ? this.#startThread(request) : this.#startCell(request),
        close: () => Promise.resolve(),
      },
      links: {
        pair: () => world.links.pair(),
        open: (end) => this.#ours(world.links.open(end) as LoopbackLink),
      },
      observe,
      up:
        up === undefined || this.#pipe === undefined
          ? undefined
          : { link: up.control(this.#pipe.control), links: this.#pipe, over: up.over },
    });
  }

  readonly afterTurn = (callback: () => void): void => {
    this.#world.afterTurn(() => this.#unlessEnded(callback));
  };

  /** Ends at once, whatever it was doing; the pipe brings what it had sent, and that it has ended. */
  end(): void {
    this.#ended = true;
    for (const started of this.#started) started.end(undefined);
    for (const link of this.#links) link.close();
    this.#pipe?.cut();
  }

  runtime(
    link: Link,
    idle: () => void,
    thread: Pick<Simulated, 'hung' | 'opened'>,
    ended = () => false,
    links: LinkOpener = this.#world.links,
  ): Runtime {
    const world = this.#world;
    // No timer of a thread that has ended or hangs fires.
    const after: Clock['after'] = (delayMs, wake) =>
      ended()
        ? () => undefined
        : world.clock.after(delayMs, () => {
            if (!thread.hung) wake();
          });
    return new Runtime({
      control: link,
      links: {
        open: (end) => {
          const link = links.open(end);
          if (link instanceof LoopbackLink) thread.opened.push(link);
          return link;
        },
      },
      clock: { now: () => world.clock.now(), after },
      afterTurn: (callback) => {
        world.afterTurn(callback);
      },
      nextTurn: (callback) => after(0, callback),
      text,
      // What the garbage collector does would depend on more than the seed.
      collector: { watch: () => undefined },
      load: world.load,
      log: world.log,
      idle,
    });
  }

  #ours(link: LoopbackLink): LoopbackLink {
    this.#links.add(link);
    link.closed = () => this.#links.delete(link);
    return link;
  }

  #unlessEnded(callback: () => void): void {
    if (!this.#ended) callback();
  }

  #startThread({ title }: WallRequest): WallThread {
    const world = this.#world;
    const [near, far] = world.links.pair(title);
    this.#ours(near);
    const thread = this.#start('thread', title, () => {
      // Nothing runs in it any more; what it had posted is still delivered.
      runtime.timers.clear();
      for (const link of [far, ...thread.opened]) {
        link.close();
        world.still.delete(link);
      }
    });
    thread.opened.push(far);
    const runtime = this.runtime(
      far,
      () => {
        thread.end({ kind: 'unexplained', exitCode: 0 });
      },
      thread,
      () => !world.running.has(thread),
    );
    return wallThread(near, thread);
  }

  #startCell({ title }: WallRequest): WallThread {
    const world = this.#world;
    let near: SimulatedPipe | undefined;
    const way = this.#direct?.open(title, () => process.afterTurn);
    const cell = this.#start('cell', title, () => {
      process.end();
      way?.far.cut();
    });
    if (way !== undefined) {
      way.lost = () => {
        this.#unlessEnded(() => {
          cell.end(KILLED);
        });
      };
    }
    const process: SimulatedProcess = new SimulatedProcess(world, () => undefined, {
      pipe: (below) => {
        const [above, far] = simulatedPipe(title, this.afterTurn, below.afterTurn, world.pipes);
        near = above;
        return far;
      },
      control: (link) => (way === undefined ? link : new FencedLink(link, new CellFence(way.far))),
      over: () => {
        cell.end({ kind: 'unexplained', exitCode: 0 });
      },
    });
    const pipe = near as unknown as SimulatedPipe;
    cell.beforeEnd = () => {
      pipe.readAll();
      way?.passage.over();
    };
    const link = way?.passage.control(pipe.control) ?? pipe.control;
    return { ...wallThread(link, cell), site: way?.passage.site(pipe) ?? pipe };
  }

  #start(kind: Simulated['kind'], title: string, stop: () => void): Observed {
    const world = this.#world;
    const started: Observed = {
      kind,
      title,
      stuck: false,
      hung: false,
      opened: [],
      beforeEnd: () => undefined,
      observer: () => undefined,
      end: (end) => {
        if (!world.running.delete(started)) return;
        this.#started.delete(started);
        stop();
        if (end === undefined) return;
        world.later(() => {
          // As a Worker's `exit` comes after its last message.
          this.#unlessEnded(() => {
            started.beforeEnd();
            started.observer(end);
          });
        });
      },
    };
    world.running.add(started);
    this.#started.add(started);
    return started;
  }
}

function wallThread(link: Link, started: Observed): WallThread {
  return {
    link,
    onEnd: (observer) => {
      started.observer = observer;
    },
    // Time moves, and timers fire, only when nothing else can happen.
    isWaiting: () => !started.hung,
    terminate: () => {
      if (!started.stuck) started.end(KILLED);
    },
    markStuck: () => undefined,
  };
}
