/**
 * Random programs over a handful of environments that send, call, watch, link, end and restart, and a
 * record of everything they saw. What must hold whatever happens is checked by properties.test.ts.
 */
import { environment, type Context, type Monitor } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';
import { restarting } from '../conformance/restarting.js';

export interface Command {
  readonly op:
    | 'send'
    | 'burst'
    | 'large'
    | 'call'
    | 'abort'
    | 'monitor'
    | 'demonitor'
    | 'link'
    | 'trap'
    | 'kill'
    | 'exit'
    | 'crash'
    | 'crashCell'
    | 'pause'
    | 'resume'
    | 'pass'
    | 'run'
    | 'wait';
  readonly who: number;
  readonly whom: number;
  readonly n: number;
}

/** Where an environment runs: a thread of the root's, alone in a process, or with others in a process (in another). */
export type Place = 'thread' | 'own' | 'shared' | 'deep';

const CELLS: Readonly<Record<Place, string>> = { thread: '', own: '', shared: 'c/', deep: 'c/d/' };

export interface Program {
  readonly seed: number;
  readonly environments: number;
  readonly commands: readonly Command[];
  /** Of each environment; a thread where there is none. */
  readonly places?: readonly Place[];
}

export interface Stamp {
  /** Which life of which environment sent it, and its number among all that this life sent to one name. */
  readonly life: string;
  readonly seq: number;
}

/** One incarnation of an environment, as the test sees it from inside. */
export class Life {
  readonly key: string;
  readonly id: string;
  readonly context: Context;
  readonly log: (
    | { readonly type: 'message'; readonly stamp: Stamp }
    | { readonly type: 'down'; readonly monitor: Monitor; readonly noproc: boolean }
  )[] = [];
  readonly sends: { readonly to: string; readonly seq: number; outcome: string | undefined }[] = [];
  readonly calls: { endings: number }[] = [];
  readonly watches: Watch[] = [];
  readonly sequences = new Map<string, number>();
  ended = false;
  /** It has ended, and no kernel can be behind with the news: the simulation has come to rest since. */
  buried = false;
  paused: Promise<void> | undefined;
  resume: (() => void) | undefined;

  constructor(key: string, id: string, context: Context) {
    this.key = key;
    this.id = id;
    this.context = context;
  }

  /** The `down` items that answered a watch. */
  downs(watch: Watch): readonly { readonly noproc: boolean }[] {
    return this.log.flatMap((entry) =>
      entry.type === 'down' && entry.monitor === watch.monitor ? [entry] : [],
    );
  }
}

export interface Watch {
  readonly targetLife: Life | undefined;
  /** Of an earlier life: one that runs in a cell begins before the kernels above have heard of the end of the last. */
  readonly maybeEarlier: boolean;
  monitor: Monitor | undefined;
  demonitored: boolean;
  readonly to: string;
}

export const CAPACITY = 4;
export const CAPACITY_BYTES = 100_000;

export class World {
  readonly simulation: Simulation;
  readonly lives: Life[] = [];
  readonly names: readonly string[];
  readonly #places: readonly Place[];
  /** What broke a bound while the program ran. */
  readonly broken: string[] = [];
  #controllers: AbortController[] = [];

  constructor(program: Program) {
    this.simulation = new Simulation({ seed: program.seed, logic: restarting });
    this.#places = program.places ?? [];
    this.names = Array.from({ length: program.environments }, (_, n) => `e${String(n)}`);
  }

  async start(): Promise<void> {
    const actor = environment<string>(async (context, id) => {
      const before = this.lives.filter((life) => life.id === id);
      for (const life of before) life.ended = true;
      const life = new Life(`${id}#${String(before.length + 1)}`, id, context);
      this.lives.push(life);
      for (;;) {
        await life.paused;
        const item = await context.receive();
        if (item.type === 'message')
          life.log.push({ type: 'message', stamp: (item.value as { stamp: Stamp }).stamp });
        else if (item.type === 'call') item.reply(item.arguments[0]);
        else if (item.type === 'down') {
          // It may come before the promise of its monitor has settled: who asks and who receives are two.
          life.log.push({ type: 'down', monitor: item.monitor, noproc: item.reason.tag === 'noproc' });
        } else if (item.type === 'exit' && item.from === undefined) return;
      }
    });
    const terms = { capacity: CAPACITY, capacityBytes: CAPACITY_BYTES, sendTimeoutMs: 200 };
    const { simulation } = this;
    const intensity = 1_000_000;
    const at = (place: Place) =>
      this.names
        .filter((id) => this.#place(id) === place)
        .map((id) => simulation.child(id, { behaviour: actor, args: id, terms }, { restart: 'permanent' }));
    const deep = simulation.inCell(simulation.group('d', at('deep'), { intensity }));
    const shared = simulation.inCell(simulation.group('c', [...at('shared'), deep], { intensity }));
    const withCells = this.#places.length > 0;
    const children = [...at('thread'), ...at('own').map((child) => simulation.inCell(child))];
    const all = withCells ? [...children, { ...shared, restart: 'permanent' as const }] : children;
    await simulation.start(all, { intensity });
  }

  #place(id: string): Place {
    return this.#places[this.names.indexOf(id)] ?? 'thread';
  }

  current(n: number): Life | undefined {
    const id = this.names[n % this.names.length];
    const life = this.lives.findLast((one) => one.id === id);
    return life === undefined || life.ended ? undefined : life;
  }

  async perform(command: Command): Promise<void> {
    const life = this.current(command.who);
    const to = this.names[command.whom % this.names.length] as string;
    if (command.op === 'run') {
      for (let n = 0; n < command.n; n++)
        if (!(await this.simulation.step(this.simulation.clock.now()))) {
          this.#bury();
          break;
        }
      this.#checkBounds();
      return;
    }
    if (command.op === 'wait') {
      await this.simulation.advance(command.n * 10);
      this.#bury();
      this.#checkBounds();
      return;
    }
    if (life === undefined) return;
    switch (command.op) {
      case 'send':
        this.#send(life, to, 0);
        break;
      case 'large':
        this.#send(life, to, command.n * 4000);
        break;
      case 'burst':
        for (let n = 0; n < command.n; n++) this.#send(life, to, 0);
        break;
      case 'pass':
        this.#send(life, to, 0, this.current(command.n)?.context.self);
        break;
      case 'call':
      case 'abort': {
        const call = { endings: 0 };
        life.calls.push(call);
        const controller = new AbortController();
        if (command.op === 'abort') this.#controllers.push(controller);
        const ended = (): void => {
          call.endings++;
        };
        life.context
          .call(to, 'echo', [life.key], { timeoutMs: 300, signal: controller.signal })
          .then(ended, ended);
        break;
      }
      case 'monitor': {
        const watch: Watch = {
          targetLife: this.current(command.whom),
          maybeEarlier: this.lives.some(({ id, ended, buried }) => id === to && ended && !buried),
          monitor: undefined,
          demonitored: false,
          to,
        };
        const asked = life.context.monitor(to);
        void asked.then((monitor) => {
          watch.monitor = monitor;
        });
        life.watches.push(watch);
        break;
      }
      case 'demonitor': {
        const watch = life.watches.findLast(({ monitor }) => monitor !== undefined);
        if (watch?.monitor === undefined) break;
        life.context.demonitor(watch.monitor);
        watch.demonitored = true;
        break;
      }
      case 'link': {
        const other = this.current(command.whom);
        if (other !== undefined && other !== life)
          void life.context.whereis(to).then((address) => {
            if (address !== undefined && !life.ended && address !== life.context.self)
              life.context.link(address);
          });
        break;
      }
      case 'trap':
        life.context.trapExits(command.n % 2 === 0);
        break;
      case 'kill':
        life.context.kill(to);
        break;
      case 'exit':
        life.context.sendExit(to, { tag: command.n % 2 === 0 ? 'error' : 'normal' });
        break;
      case 'crash':
        this.#crash(to);
        break;
      case 'crashCell':
        this.#crashCell(to);
        break;
      case 'pause':
        life.paused ??= new Promise((resolve) => {
          life.resume = () => {
            life.paused = undefined;
            resolve();
          };
        });
        break;
      case 'resume':
        life.resume?.();
        for (const controller of this.#controllers.splice(0)) controller.abort();
        break;
    }
  }

  /** Everybody reads on, and everything that can happen happens. */
  async finish(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      for (const life of this.lives) life.resume?.();
      await this.simulation.advance(2000);
    }
  }

  #send(life: Life, to: string, bytes: number, extra?: unknown): void {
    const seq = (life.sequences.get(to) ?? 0) + 1;
    life.sequences.set(to, seq);
    const send = { to, seq, outcome: undefined as string | undefined };
    life.sends.push(send);
    const value = { stamp: { life: life.key, seq }, extra, padding: new Uint8Array(bytes) };
    life.context.send(to, value).then(
      () => (send.outcome = 'sent'),
      (error: { code: string }) => (send.outcome = error.code),
    );
  }

  #crash(id: string): void {
    try {
      this.simulation.crash(`tree/${CELLS[this.#place(id)]}${id}`);
    } catch {
      // It is between two lives.
      return;
    }
    this.#ended(id);
  }

  /** The process that it is in ends, and with it all that are in there. */
  #crashCell(id: string): void {
    const place = this.#place(id);
    if (place === 'thread') return;
    try {
      this.simulation.crashCell(place === 'own' ? `tree/${id}` : `tree/${CELLS[place]}`.slice(0, -1));
    } catch {
      return;
    }
    if (place === 'own') this.#ended(id);
    else {
      for (const other of this.names)
        if (this.#place(other) === 'deep' || this.#place(other) === place) this.#ended(other);
    }
  }

  #ended(id: string): void {
    const life = this.lives.findLast((one) => one.id === id);
    if (life !== undefined) life.ended = true;
  }

  #bury(): void {
    for (const life of this.lives) life.buried ||= life.ended;
  }

  #checkBounds(): void {
    const bound = CAPACITY + 8 * this.names.length;
    for (const life of this.lives) {
      if (life.ended) continue;
      const reserved = this.lives.length * 2 + life.watches.length;
      const { mailbox } = life.context.statistics();
      if (mailbox > bound + reserved)
        this.broken.push(`${life.key} holds ${String(mailbox)} of ${String(bound)}`);
    }
  }
}
