/** A kernel whose guests are played by the test: what they say, byte by byte, is the test's choice. */
import { plainCodec } from '../../src/protocol/plain-codec.js';
import { Channel } from '../../src/channel/channel.js';
import { FRAME, type FrameKind } from '../../src/channel/frames.js';
import type { Link, LinkEnd } from '../../src/channel/link.js';
import {
  Kernel,
  type EnvironmentSpec,
  type KernelEvent,
  type SupervisorSpec,
  type WallEnd,
} from '../../src/kernel/index.js';
import type { CellNotice, Notice } from '../../src/protocol/notices.js';
import type { SuperviseOperation, SystemCall } from '../../src/protocol/system-calls.js';
import { LoopbackLinks, ManualClock, noSupervision, SeededRandom } from '../../src/testing/index.js';
import type { WallThread } from '../../src/kernel/wall.js';
import { encodeOnce, portableTextCodec as text } from '../../src/values/index.js';
import { Recorder, Turns } from '../channel/bench.js';

const TERMS = {
  capacity: 100,
  capacityBytes: 1_000_000,
  messageBytes: 100_000,
  overflow: 'block',
  sendTimeoutMs: 1000,
} as const;

export class RawGuest {
  readonly link: Link;
  readonly recorder = new Recorder();
  readonly channel: Channel;
  terminated = false;
  /** Its event loop is seen waiting for something to do. */
  waiting = false;
  end: ((end: WallEnd) => void) | undefined;

  constructor(link: Link, turns: Turns) {
    this.link = link;
    this.channel = new Channel({
      link,
      receiver: this.recorder,
      afterTurn: turns.afterTurn,
      codec: plainCodec(text),
    });
  }

  get notices(): readonly Notice[] {
    return this.recorder.values as readonly Notice[];
  }

  of<N extends Notice['notice']>(name: N): readonly Extract<Notice, { readonly notice: N }>[] {
    return this.notices.filter(({ notice }) => notice === name) as Extract<Notice, { readonly notice: N }>[];
  }
}

/** The kernel above a cell's, played by the test. */
export class RawAbove {
  readonly recorder = new Recorder();
  #channel: Channel | undefined;

  open(links: LoopbackLinks, turns: Turns): Link {
    const [above, below] = links.pair('pipe');
    const options = { link: above, receiver: this.recorder, afterTurn: turns.afterTurn };
    this.#channel = new Channel({ ...options, codec: plainCodec(text) });
    return below;
  }

  /** To what is presented under that number; 0: the cell. */
  say(number: number, notice: Notice | CellNotice, ends: readonly LinkEnd[] = []): void {
    this.#channel?.sendValue(FRAME.control, 0, 0, number, notice, 1 << 20, ends);
  }

  /** What has been heard since the last call, each with the number of who said it. */
  heard(): readonly (readonly [number, SystemCall])[] {
    return this.recorder.got
      .splice(0)
      .map(({ correlation, value }) => [correlation, value as SystemCall] as const);
  }
}

export class RawKernel {
  readonly links = new LoopbackLinks();
  readonly clock = new ManualClock();
  readonly turns = new Turns();
  readonly events: KernelEvent[] = [];
  readonly guests: RawGuest[] = [];
  readonly kernel: Kernel;
  #nextTurn: (() => void)[] = [];
  /** Of environments that are started from now on. */
  mostEntries: number | undefined;
  readonly #unresponsiveMs: EnvironmentSpec['unresponsiveMs'];
  /** Where that was changed. */
  unresponsiveMs: EnvironmentSpec['unresponsiveMs'] | undefined;

  /** `up`: in a cell, the end of the link to the kernel above. */
  constructor(unresponsiveMs: EnvironmentSpec['unresponsiveMs'] = 'infinity', up?: RawAbove) {
    this.#unresponsiveMs = unresponsiveMs;
    const uplink = up?.open(this.links, this.turns);
    this.kernel = new Kernel({
      clock: this.clock,
      realClock: this.clock,
      random: new SeededRandom(1),
      afterTurn: this.turns.afterTurn,
      nextTurn: (callback) => this.#nextTurn.push(callback),
      text,
      links: this.links,
      logic: noSupervision,
      loader: () => Promise.resolve({ ok: false, code: 'module_missing', text: 'there is none' }),
      observe: (event) => this.events.push(event),
      unresponsiveMs: (_path, specified) => this.unresponsiveMs ?? specified,
      up: uplink === undefined ? undefined : { link: uplink, links: this.links, over: () => undefined },
      wall: {
        start: () => this.#thread(),
        close: () => Promise.resolve(),
      },
    });
  }

  #thread(): WallThread {
    const [near, far] = this.links.pair('guest');
    const guest = new RawGuest(far, this.turns);
    this.guests.push(guest);
    return {
      link: near,
      beside: () => this.#thread(),
      onEnd: (observer) => (guest.end = observer),
      isWaiting: () => guest.waiting,
      terminate: () => {
        guest.terminated = true;
        far.close();
        guest.end?.({ kind: 'unexplained', exitCode: 1 });
      },
      markStuck: () => undefined,
    };
  }

  /** A tree of that many environments, all of them ready. */
  start(count: number): readonly RawGuest[] {
    this.begin(count);
    for (let n = 0; n < count; n++) {
      this.run();
      this.say(this.guests[n] as RawGuest, { call: 'ready', env: 0, ignore: false });
    }
    return this.guests;
  }

  /** The same; the first of them is being started, and has not been told anything yet. */
  begin(count: number): void {
    this.kernel.start('tree', this.supervisor(count), () => undefined);
  }

  /** A supervisor of so many environments. */
  supervisor(count: number, named = true): SupervisorSpec {
    const children = Array.from({ length: count }, (_, n) => ({
      id: `e${String(n)}`,
      kind: 'environment' as const,
      name: named ? `e${String(n)}` : null,
      restart: 'temporary' as const,
      shutdown: 5000,
      significant: false,
      startTimeoutMs: 'infinity' as const,
      backoff: null,
      start: { kind: 'environment', spec: this.spec(named ? `e${String(n)}` : null) },
      version: '',
      source: new Uint8Array(),
    }));
    return {
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5000,
      autoShutdown: 'never',
      maxChildren: 'infinity',
      backoff: null,
      children,
    };
  }

  /** What the administrator says of names: both with their namespaces. */
  grant(name: string, target: string, path: string): void {
    this.#administer({ op: 'grant', name, target, path });
  }

  revoke(name: string): void {
    this.#administer({ op: 'revoke', name });
  }

  #administrator: RawGuest | undefined;

  #administer(operation: SuperviseOperation): void {
    if (this.#administrator === undefined) {
      const [near, far] = this.links.pair('administrator');
      this.kernel.attach(near, 'administrator', this.spec(null));
      this.#administrator = new RawGuest(far, this.turns);
    }
    this.say(this.#administrator, { call: 'supervise', id: 1, operation });
  }

  /** The guest makes a system call, or what it takes for one. */
  say(guest: RawGuest, call: unknown, kind: FrameKind = FRAME.control): void {
    guest.channel.sendValue(kind, 0, 0, 0, call, 1 << 20);
    this.run();
  }

  run(): void {
    this.turns.end();
    for (let ready = this.links.ready(); ready.length > 0; ready = this.links.ready()) {
      ready[0]?.deliver();
      this.turns.end();
    }
    if (this.#nextTurn.length === 0) return;
    for (const callback of this.#nextTurn.splice(0)) callback();
    this.run();
  }

  spec(name: string | null): EnvironmentSpec {
    return {
      boot: encodeOnce(0, { text }),
      name,
      terms: TERMS,
      limits: { heapMb: 64, youngMb: 8, stackMb: 4 },
      unresponsiveMs: this.#unresponsiveMs,
      ...(this.mostEntries === undefined ? {} : { mostEntries: this.mostEntries }),
      env: {},
    };
  }
}
