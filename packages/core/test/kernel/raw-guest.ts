/** A kernel whose guests are played by the test: what they say, byte by byte, is the test's choice. */
import { plainCodec } from '../../src/protocol/plain-codec.js';
import { Channel } from '../../src/channel/channel.js';
import { FRAME, type FrameKind } from '../../src/channel/frames.js';
import type { Link } from '../../src/channel/link.js';
import { Kernel, type EnvironmentSpec, type KernelEvent, type WallEnd } from '../../src/kernel/index.js';
import type { Notice } from '../../src/protocol/notices.js';
import { LoopbackLinks, ManualClock, noSupervision, SeededRandom } from '../../src/testing/index.js';
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

export class RawKernel {
  readonly links = new LoopbackLinks();
  readonly clock = new ManualClock();
  readonly turns = new Turns();
  readonly events: KernelEvent[] = [];
  readonly guests: RawGuest[] = [];
  readonly kernel: Kernel;
  #nextTurn: (() => void)[] = [];
  readonly #unresponsiveMs: EnvironmentSpec['unresponsiveMs'];

  constructor(unresponsiveMs: EnvironmentSpec['unresponsiveMs'] = 'infinity') {
    this.#unresponsiveMs = unresponsiveMs;
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
      wall: {
        start: () => {
          const [near, far] = this.links.pair('guest');
          const guest = new RawGuest(far, this.turns);
          this.guests.push(guest);
          return {
            link: near,
            onEnd: (observer) => (guest.end = observer),
            isWaiting: () => guest.waiting,
            terminate: () => {
              guest.terminated = true;
              far.close();
              guest.end?.({ kind: 'unexplained', exitCode: 1 });
            },
            markStuck: () => undefined,
          };
        },
        close: () => Promise.resolve(),
      },
    });
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
    const children = Array.from({ length: count }, (_, n) => ({
      id: `e${String(n)}`,
      kind: 'environment' as const,
      name: `e${String(n)}`,
      restart: 'temporary' as const,
      shutdown: 5000,
      significant: false,
      startTimeoutMs: 'infinity' as const,
      backoff: null,
      start: { kind: 'environment', spec: this.#spec(`e${String(n)}`) },
      version: '',
      source: new Uint8Array(),
    }));
    const spec = {
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5000,
      autoShutdown: 'never',
      maxChildren: 'infinity',
      backoff: null,
      children,
    } as const;
    this.kernel.start('tree', spec, () => undefined);
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

  #spec(name: string): EnvironmentSpec {
    return {
      boot: encodeOnce(0, { text }),
      name,
      terms: TERMS,
      limits: { heapMb: 64, youngMb: 8, stackMb: 4 },
      unresponsiveMs: this.#unresponsiveMs,
      env: {},
    };
  }
}
