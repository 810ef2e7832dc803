/**
 * Two hosts that export one durable mailbox, and a broker that gives everything to one of them: all in one simulation, with
 * links that fall silent or end, drivers that stand still, and servers that have other work. What stands between broker and
 * server is what runs in a bridge.
 */
import type { Channel } from 'amqplib';
import { HostError, server, type Context } from '@espalier/core';
import type { Clock, RunCaller } from '@espalier/core/internal/bridge.js';
import { Simulation } from '@espalier/core/testing';
import { DurableExport } from '../../src/engine/durable-export.js';
import { Intake } from '../../src/engine/intake.js';
import type { LocalSide } from '../../src/engine/local-side.js';
import { Attempts, type Note, type NoteKind } from '../../src/protocol/attempts.js';
import { Holding } from '../../src/transport/holding.js';
import type { Journal } from '../../src/transport/journal.js';
import type { Consumption, Transport } from '../../src/transport/transport.js';
import { encodeFrame, encodeItem } from '../../src/wire/frames.js';

const LEASE_MS = 2500;
/** After so long without a word the broker takes a connection for dead. */
const DEAD_MS = 5000;
/** How often the broker looks who is silent. */
const LOOK_MS = 250;
const WAY_MS = 5;
const CONNECT_AGAIN_MS = 200;
const SENDER = 'sender/incarnation/';

/** A connection of one host, as the broker knows it. */
export class Session {
  readonly host: Host;
  readonly unacknowledged = new Map<number, Buffer>();
  readonly life: string;
  isLost = false;
  /** When somebody else might have been given what it had. */
  endedAt = Infinity;
  fence: number | undefined;

  constructor(host: Host, life: string) {
    this.host = host;
    this.life = life;
  }
}

/** A queue with a single active consumer, and its journal. */
export class Broker {
  readonly clock: Clock;
  readonly notes: Note[] = [];
  readonly #queue: { readonly n: number; readonly body: Buffer; again: boolean }[] = [];
  readonly #sessions: Session[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  publish(n: number, body: Buffer): void {
    this.#queue.push({ n, body, again: false });
    this.pump();
  }

  join(session: Session): void {
    this.#sessions.push(session);
    this.pump();
  }

  end(session: Session): void {
    const at = this.#sessions.indexOf(session);
    if (at < 0) return;
    this.#sessions.splice(at, 1);
    session.endedAt = this.clock.now();
    for (const [n, body] of session.unacknowledged) this.#queue.push({ n, body, again: true });
    this.#queue.sort((a, b) => a.n - b.n);
    this.pump();
  }

  pump(): void {
    const [active] = this.#sessions;
    if (active === undefined || !active.host.isHeard) return;
    for (const { n, body, again } of this.#queue.splice(0)) {
      active.unacknowledged.set(n, body);
      active.host.deliver(active, n, body, again);
    }
  }

  /** Who was silent for too long. */
  look(): void {
    for (const session of [...this.#sessions])
      if (this.clock.now() - session.host.heardAt >= DEAD_MS) this.end(session);
  }
}

export class Host {
  readonly #name: string;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #export: DurableExport;
  readonly #intake: Intake;
  readonly sessions: Session[] = [];
  /** What waits until the driver goes on, or a word gets through. */
  #waiting: (() => void)[] = [];
  #holding: Holding | undefined;
  #consumption: Consumption | undefined;
  #isCut = false;
  #isStalled = false;
  #silentSince = 0;

  constructor(name: string, broker: Broker, context: Context & RunCaller, clock: Clock) {
    this.#name = name;
    this.#broker = broker;
    // A driver that stands still sees no timer.
    this.#clock = { now: () => clock.now(), after: (ms, wake) => clock.after(ms, () => this.#goesOn(wake)) };
    const goesOn = (): Promise<void> => new Promise((resolve) => this.#goesOn(resolve));
    const local = {
      run: async (to, calls, options) => {
        try {
          return await context.callRun(to, calls, options);
        } finally {
          await goesOn();
        }
      },
    } as Partial<LocalSide> as LocalSide;
    this.#export = new DurableExport({
      name: 'jobs',
      to: name,
      attempts: 1e6,
      local,
      clock: this.#clock,
      deadLetter: () => Promise.resolve(),
      poison: () => undefined,
    });
    const transport = {
      consume: async (consumption: Consumption) => void (this.#consumption = consumption),
    } as Partial<Transport> as Transport;
    this.#intake = new Intake({
      queue: 'jobs',
      terms: { durable: true, expiresMs: undefined, messageTtlMs: undefined, maxLength: undefined },
      prefetch: 128,
      isShared: false,
      journal: 'journal',
      deadLetters: undefined,
      bodyBytes: 1e6,
      held: () => undefined,
      patienceMs: 10_000,
      transport,
      clock: this.#clock,
      awaited: () => true,
      open: (_queue, bytes) => ({ bytes, sender: SENDER }),
      handle: this.#export.handle,
      dropped: () => undefined,
      undelivered: () => undefined,
      missing: () => undefined,
      late: () => undefined,
    });
    void this.#intake.open();
    this.#connect();
  }

  get isHeard(): boolean {
    return !this.#isCut && !this.#isStalled;
  }

  get heardAt(): number {
    return this.isHeard ? this.#clock.now() : this.#silentSince;
  }

  /** Nothing passes, and nobody is told. */
  cut(isCut: boolean): void {
    this.#change(() => (this.#isCut = isCut));
  }

  /** The driver stands still; its server does not. */
  stall(isStalled: boolean): void {
    this.#change(() => (this.#isStalled = isStalled));
  }

  /** The connection ends for both. */
  reset(): void {
    const session = this.sessions.at(-1);
    if (session === undefined || this.#isStalled) return;
    this.#broker.end(session);
    this.#lost(session);
  }

  deliver(session: Session, n: number, body: Buffer, again: boolean): void {
    const ack = (): void => this.#getsThrough(session, () => void session.unacknowledged.delete(n));
    this.#getsThrough(session, () =>
      this.#holding?.take((hold) => {
        session.fence = hold.fence;
        this.#consumption?.arrived(body, { ack }, again, hold);
      }),
    );
  }

  #change(change: () => void): void {
    if (this.isHeard) this.#silentSince = this.#clock.now();
    change();
    for (const go of this.#waiting.splice(0)) go();
    if (!this.isHeard) return;
    // Who has given it up says so now, or hears that the other one has.
    for (const session of this.sessions) {
      if (session.isLost) this.#broker.end(session);
      else if (session.endedAt < Infinity) this.#lost(session);
    }
    this.#broker.pump();
  }

  #goesOn(go: () => void): void {
    if (this.#isStalled) this.#waiting.push(() => this.#goesOn(go));
    else go();
  }

  #getsThrough(session: Session, go: () => void): void {
    if (session.isLost || session.endedAt < Infinity) return;
    if (this.isHeard) go();
    else this.#waiting.push(() => this.#getsThrough(session, go));
  }

  #connect(): void {
    if (!this.isHeard) {
      this.#clock.after(CONNECT_AGAIN_MS, () => this.#connect());
      return;
    }
    const session = new Session(this, `${this.#name}${String(this.sessions.length)}`);
    this.sessions.push(session);
    this.#holding = new Holding({
      admin: {
        checkQueue: () =>
          new Promise<void>((resolve) => {
            const answer = (): void => this.#getsThrough(session, () => this.#goesOn(resolve));
            this.#getsThrough(session, () => void this.#clock.after(WAY_MS, answer));
          }),
      } as unknown as Channel,
      queue: 'jobs',
      journal: this.#journal(session),
      leaseMs: LEASE_MS,
      clock: this.#clock,
      isLost: () => session.isLost,
      lost: () => this.#lost(session),
    });
    this.#broker.join(session);
  }

  #lost(session: Session): void {
    if (session.isLost) return;
    session.isLost = true;
    if (this.isHeard) this.#broker.end(session);
    this.#export.interrupt();
    this.#intake.disconnected();
    this.#clock.after(CONNECT_AGAIN_MS, () => this.#connect());
  }

  #journal(session: Session): Journal {
    const { notes } = this.#broker;
    const { life } = session;
    const facts = (): Attempts => {
      const attempts = new Attempts();
      for (const note of notes) attempts.seen(note);
      return attempts;
    };
    return {
      open: () => Promise.resolve(),
      append: (kind: NoteKind, id = '') =>
        new Promise<number>((resolve, reject) => {
          this.#getsThrough(session, () => {
            const place = notes.push({ kind, life, count: notes.length, id });
            this.#clock.after(WAY_MS, () => this.#getsThrough(session, () => resolve(place)));
          });
          const look = (): void => {
            if (session.isLost) reject(new HostError('host_stopped', 'lost'));
            else if (kind !== 'claim') this.#clock.after(CONNECT_AGAIN_MS, look);
          };
          look();
        }),
      attempts: (id: string) => facts().of(id, life),
      isSuspect: (frame: string) => facts().isSuspect(frame),
    } as Partial<Journal> as Journal;
  }
}

export interface Begun {
  /** Of `HOSTS`. */
  readonly host: number;
  /** Undefined: other work. */
  readonly n: number | undefined;
  readonly fence: number | undefined;
  readonly at: number;
}

export const HOSTS = ['a', 'b'] as const;

export class TwoHolders {
  readonly simulation: Simulation;
  readonly hosts: readonly Host[];
  /** In order. */
  readonly begun: readonly Begun[];
  sent = 0;
  readonly #context: Context & RunCaller;
  readonly #broker: Broker;
  #seq = 0;

  static async start(seed: number): Promise<TwoHolders> {
    const simulation = new Simulation({ seed });
    const { clock } = simulation;
    const begun: Begun[] = [];
    const takes = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
    const worker = (host: number) =>
      server({
        calls: {
          local: (_, ms: number) => {
            begun.push({ host, n: undefined, fence: undefined, at: clock.now() });
            return takes(ms);
          },
          run: (_, n: number, ms: number, { fence }: { readonly fence: number }) => {
            begun.push({ host, n, fence, at: clock.now() });
            return takes(ms);
          },
        },
      });
    await simulation.start(HOSTS.map((name, host) => simulation.child(name, { behaviour: worker(host) })));
    return new TwoHolders(simulation, begun);
  }

  private constructor(simulation: Simulation, begun: readonly Begun[]) {
    this.simulation = simulation;
    this.begun = begun;
    this.#context = simulation.context as Context & RunCaller;
    this.#broker = new Broker(simulation.clock);
    this.hosts = HOSTS.map((name) => new Host(name, this.#broker, this.#context, simulation.clock));
  }

  /** Other work for a server. */
  local(host: number, ms: number): void {
    void this.#context.call(HOSTS[host] as string, 'local', [ms], { timeoutMs: Infinity });
  }

  /** A frame of so many durable messages, each of which takes so long. */
  send(messages: number, ms: number): void {
    const items = Array.from({ length: messages }, () =>
      encodeItem({ kind: 'cast', operation: 'run', parameters: [this.sent++, ms] }, 1000),
    );
    const seq = ++this.#seq;
    // Each was confirmed before the next one was published: nobody waits for what others have handled.
    this.#broker.publish(seq, encodeFrame(`${SENDER}1`, seq, seq, items));
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.simulation;
    const goal = clock.now() + ms;
    await this.simulation.quiet();
    while (clock.now() < goal) {
      await this.simulation.advance(Math.min(LOOK_MS, goal - clock.now()));
      this.#broker.look();
      await this.simulation.quiet();
    }
  }

  /** Everything goes on, until all was handled. */
  async heal(): Promise<void> {
    for (const [at, host] of this.hosts.entries()) {
      host.cut(false);
      host.stall(false);
      this.simulation.inspect(`tree/${String(HOSTS[at])}`, 'resume');
    }
    for (let looks = 0; looks < 100 && this.handled.length < this.sent; looks++) await this.pass(5000);
    await this.pass(5000);
  }

  /** In the order in which they were begun first. */
  get handled(): readonly number[] {
    return [...new Set(this.begun.flatMap(({ n }) => n ?? []))];
  }

  /** What was begun by who was not the holder, or not any more. */
  get late(): readonly Begun[] {
    const terms = this.hosts.flatMap(({ sessions }) => sessions);
    return this.begun.filter(({ host, n, fence, at }) => {
      if (n === undefined) return false;
      const term = terms.find((session) => session.fence === fence);
      return term === undefined || term.host !== this.hosts[host] || at > term.endedAt;
    });
  }
}
