/**
 * The guest runtime: what stands between a thread's environments and the kernel. It reads the control
 * link, keeps the thread's channels, names and addresses, and brings each environment what is its own.
 * The same modules run in every thread, in the application's own endpoint and in the simulation; links,
 * clock and the loading of behaviours are handed in.
 */
import { Channel, MAX_FRAME_BYTES } from '../channel/channel.js';
import { FRAME, type FrameKind } from '../channel/frames.js';
import type { Link, LinkEnd, Transfer } from '../channel/link.js';
import type { AfterTurn, NextTurn } from '../clock.js';
import { CallError } from '../errors.js';
import type { ExitReason } from '../exit-reason.js';
import type { NameState, Notice, Peer, WireReason } from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import type { OpaqueValue, SystemCall } from '../protocol/system-calls.js';
import { Address } from './address.js';
import { AwaitedHolders } from './awaited-holders.js';
import { AddressTable } from './address-table.js';
import type { Behaviour } from './behaviour.js';
import { Control } from './control.js';
import type { Destination } from './context.js';
import type { Driver, DriverHost } from './driver.js';
import { FirstQuestions } from './first-questions.js';
import { failureOf, fits } from './operation-frames.js';
import { StandaloneEncoder } from './encoder.js';
import { HandleDrops } from './handle-drops.js';
import { LocalEnvironment } from './local-environment.js';
import { LocalPeering } from './local-peering.js';
import { PeerChannel, type Encoded, type Peering } from './peer-channel.js';
import type { Route } from './route.js';
import type { RuntimeOptions } from './runtime-options.js';
import { EnvironmentDriver } from './run-environment.js';
import { ServerDriver } from './run-server.js';
import { withExtra, type EnvironmentServices } from './services.js';
import { Settling } from './settling.js';
import { Timers } from './timers.js';
import { ValueCodec } from './value-codec.js';

interface FollowedName {
  state: NameState | undefined;
}

export class Runtime implements EnvironmentServices {
  readonly timers: Timers;
  readonly afterTurn: AfterTurn;
  readonly nextTurn: NextTurn;
  readonly #options: RuntimeOptions;
  readonly #encoder: StandaloneEncoder;
  readonly #controlChannel: Channel;
  readonly #control: Control;
  readonly #addresses: AddressTable;
  readonly #local: LocalPeering;
  readonly #channels = new Map<number, PeerChannel>();
  readonly #environments = new Map<number, LocalEnvironment>();
  readonly #names = new Map<string, FollowedName>();
  readonly #questions = new FirstQuestions();
  readonly #settling: Settling;
  readonly tell: EnvironmentServices['tell'];
  readonly ask: EnvironmentServices['ask'];
  readonly holders: AwaitedHolders;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.timers = new Timers(options.clock);
    this.#settling = new Settling(this.timers);
    this.afterTurn = options.afterTurn;
    this.nextTurn = options.nextTurn;
    this.#encoder = new StandaloneEncoder(options.text, true);
    this.#controlChannel = new Channel({
      link: options.control,
      afterTurn: options.afterTurn,
      codec: plainCodec(options.text),
      receiver: {
        value: (_kind, _to, _from, _correlation, value, _bytes, ends) => {
          this.#notice(value as Notice, ends);
        },
        plain: (kind, _to, _from, calls) => {
          if (kind === FRAME.credit) this.#control.granted(calls);
        },
        ticket: () => undefined,
        violation: () => {
          this.#kernelGone();
        },
        ended: () => {
          this.#kernelGone();
        },
      },
    });
    this.#control = new Control(this.#controlChannel, (reason) => this.#reason(reason));
    this.tell = (call: SystemCall) => {
      this.#control.tell(call);
    };
    this.ask = (call, received) => this.#control.ask(call, received);
    this.holders = new AwaitedHolders(this.ask);
    const drops = new HandleDrops(options.afterTurn, (handles, counts) => {
      this.tell({ call: 'drop', handles, counts });
    });
    this.#addresses = new AddressTable(options.collector, (handle, count) => {
      drops.add(handle, count);
    });
    this.#local = new LocalPeering(
      (encoded) => this.#encoder.decode(encoded),
      (kind, to, from, correlation, value, bytes) => {
        this.#frame(this.#local, kind, to, from, correlation, value, bytes);
      },
      (kind, to, from, correlation, number) => {
        this.#plain(this.#local, kind, to, from, correlation, number);
      },
    );
  }

  /** An environment of the thread's owner, without a behaviour: the application's endpoint. */
  openEndpoint(slot: number, handle: number, terms: LocalEnvironment['terms']): LocalEnvironment {
    const environment = this.#add(slot, handle, terms);
    environment.startBare();
    return environment;
  }

  /** Something was thrown that no behaviour caught: it ends every environment of the thread. */
  crash(thrown: unknown): void {
    for (const environment of [...this.#environments.values()]) environment.endThrown(thrown);
  }

  readonly drain = (): void => {
    for (const { channel } of this.#channels.values()) channel.drain();
  };

  log(record: string): void {
    this.#options.log(record);
  }

  flush(): void {
    for (const { channel } of this.#channels.values()) channel.flush();
    this.#control.flush();
  }

  #notice(notice: Notice, ends: readonly Transfer[]): void {
    switch (notice.notice) {
      case 'boot': {
        const environment = this.#add(notice.env, notice.handle, notice.terms);
        const extra = this.#encoder.readOpaque(notice.extra);
        const loaded = this.#options.load(this.#encoder.readOpaque(notice.boot));
        void environment.start(extra === undefined ? loaded : loaded.then((own) => withExtra(own, extra)));
        return;
      }
      case 'answer':
        this.#control.answered(notice.id, notice.result);
        return;
      case 'channel':
        this.#open(notice.channel, this.#options.links.open(ends[0] as LinkEnd));
        return;
      case 'name':
        this.#nameChanged(notice.name, notice.holder);
        this.holders.changed(notice.name, notice.holder);
        return;
      case 'gone':
        this.#gone(notice);
        return;
      case 'signal':
        this.#channels.get(notice.channel)?.channel.drain();
        this.#environments
          .get(notice.env)
          ?.signal(
            notice.signal,
            this.#from(notice.handle),
            this.#reason(notice.reason),
            notice.stop ? 'stop' : 'sent',
          );
        return;
      case 'linked':
        this.#environments.get(notice.env)?.onLink?.(this.address(notice.handle), notice.on);
        return;
      case 'ticket':
        this.#channels.get(notice.channel)?.ticketReceived(notice.ticket, this.address(notice.handle));
        return;
      case 'inspect': {
        const value = this.#environments.get(notice.env)?.inspect(notice.query);
        this.tell({ call: 'answer', id: notice.id, value: this.opaque(value) });
        return;
      }
      case 'event':
        this.#options.event?.(notice.event);
        return;
    }
  }

  #gone(notice: Extract<Notice, { readonly notice: 'gone' }>): void {
    const reason = this.#reason(notice.reason);
    const peer = this.#channels.get(notice.channel);
    // Everything it had sent comes first: its thread has ended, so what was posted has arrived.
    peer?.channel.drain();
    for (const environment of this.#environments.values()) {
      if (peer !== undefined) environment.peerGone(peer, notice.channel, notice.slot, reason);
    }
    for (const { env, monitor } of notice.downs) this.#environments.get(env)?.down(monitor, reason);
    for (const { env, signal, handle } of notice.exits) {
      this.#environments.get(env)?.signal(signal, this.#from(handle), reason, 'end');
    }
    if (notice.closes && peer !== undefined) {
      this.#channels.delete(notice.channel);
      peer.channel.close();
    }
  }

  #kernelGone(): void {
    for (const { channel } of this.#channels.values()) channel.close();
    this.#control.close();
    this.#controlChannel.close();
    const gone = new CallError('cancelled', 'the kernel has ended, or has cut this thread off');
    for (const environment of this.#environments.values()) environment.pending.close(gone);
    this.timers.clear();
    this.#options.idle();
  }

  // ---- channels ------------------------------------------------------------------------------------

  #open(id: number, link: Link): void {
    const channel = new Channel({
      link,
      afterTurn: this.afterTurn,
      codec: new ValueCodec(this.#options.text, true),
      receiver: {
        value: (kind, to, from, correlation, value, bytes) => {
          this.#frame(peer, kind, to, from, correlation, value, bytes);
        },
        plain: (kind, to, from, correlation, number) => {
          this.#plain(peer, kind, to, from, correlation, number);
        },
        ticket: (ticket) => peer.ticket(ticket),
        violation: (problem) => {
          this.tell({ call: 'violation', channel: id, problem });
        },
        // The mark alone rejects nothing yet: the kernel's `gone` says why, and follows.
        ended: () => undefined,
      },
    });
    const peer: PeerChannel = new PeerChannel(id, channel, async (to, address) => {
      try {
        return (await this.ask({ call: 'ticket', channel: to, handle: Address.handleOf(address) })) as number;
      } catch {
        return undefined;
      } finally {
        this.afterTurn(() => {
          this.#settling.settled();
        });
      }
    });
    this.#channels.set(id, peer);
  }

  #frame(
    peering: Peering,
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    bytes: number,
  ): void {
    const environment = this.#environments.get(to);
    if (kind === FRAME.reply) {
      environment?.pending.reply(correlation, { channel: peering.id, slot: from }, value);
    } else if (kind === FRAME.failure) {
      environment?.pending.fail(correlation, failureOf(value), { channel: peering.id, slot: from });
    } else if (kind === FRAME.control || !fits(kind, value)) {
      this.tell({
        call: 'violation',
        channel: peering.id,
        problem: 'a frame whose body does not fit its kind',
      });
    } else if (environment?.arrived(kind, peering, from, correlation, value, bytes) === false) {
      this.tell({ call: 'violation', channel: peering.id, problem: 'a message was sent without credit' });
    }
  }

  #plain(
    peering: Peering,
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    number: number,
  ): void {
    const environment = this.#environments.get(to);
    if (kind === FRAME.credit) environment?.granted(peering.id, from, correlation, number);
    else if (kind === FRAME.want) environment?.wants(peering, from, number);
    else if (kind === FRAME.cancel) environment?.callCancelled(peering, from, correlation);
    else if (kind === FRAME.prolong) environment?.runProlonged(peering, from, correlation, number);
    else if (kind === FRAME.forget) this.#channels.get(peering.id)?.ticketForgotten(correlation);
  }

  // ---- names and routes ----------------------------------------------------------------------------

  connect(environment: LocalEnvironment, destination: Destination, route: Route): void {
    if (typeof destination === 'string') {
      const known = this.#names.get(destination);
      if (known === undefined || known.state?.state === 'free') this.#resolve(destination);
      else if (known.state !== undefined) this.#apply(environment, route, known.state);
      return;
    }
    if (destination === environment.self) {
      // Known without asking, and so that a message to oneself in the first turn keeps its order.
      route.opened(environment.stream(route.target, this.#local, environment.slot, environment.terms));
      return;
    }
    const handle = Address.handleOf(destination);
    this.#questions.put(false, () =>
      this.ask({ call: 'connect', handle }, (answer) => {
        this.#apply(environment, route, { state: 'held', peer: answer as Peer });
      }).catch(() => {
        route.closed('dead');
        environment.forgetRoute(destination);
        this.#settling.settled();
      }),
    );
  }

  #resolve(name: string): void {
    this.#names.set(name, { state: undefined });
    this.#questions.put(true, () => {
      for (const route of this.#routesTo(name)) route.asked();
      return this.ask({ call: 'resolve', name, follow: true }, (answer) => {
        this.#resolved(name, answer as NameState);
      }).catch(() => {
        // It is refused only when the kernel is gone; then nobody is there either.
        this.#nameChanged(name, { state: 'free' });
      });
    });
  }

  #resolved(name: string, state: NameState): void {
    // All of them, before it is asked again: `nobody` lets go what the answer counts for.
    const again = state.state === 'free' && this.#routesTo(name).filter((route) => route.nobody()).length > 0;
    if (again) {
      this.#resolve(name);
      this.#settling.settled();
    } else this.#nameChanged(name, state);
  }

  #routesTo(name: string): Route[] {
    return [...this.#environments.values()].flatMap((environment) => environment.routeTo(name) ?? []);
  }

  #nameChanged(name: string, state: NameState): void {
    const followed = this.#names.get(name);
    if (followed === undefined) return;
    followed.state = state;
    // The kernel does not tell who takes it next: the next send asks anew.
    if (state.state === 'free') this.#names.delete(name);
    for (const environment of this.#environments.values()) {
      const route = environment.routeTo(name);
      if (route === undefined) continue;
      if (state.state === 'free') environment.forgetRoute(name);
      this.#apply(environment, route, state);
    }
  }

  #apply(environment: LocalEnvironment, route: Route, state: NameState): void {
    if (state.state === 'pending') route.parked();
    else if (state.state === 'free') route.closed('no-such-name');
    else {
      const { peer } = state;
      const peering = this.peering(peer.channel);
      if (peering === undefined) route.closed('dead');
      else route.opened(environment.stream(route.target, peering, peer.slot, peer.terms));
    }
    this.#settling.settled();
  }

  // ---- EnvironmentServices -------------------------------------------------------------------------

  peering(channel: number): Peering | undefined {
    return channel === 0 ? this.#local : this.#channels.get(channel);
  }

  address(handle: number): Address {
    return this.#addresses.receive(handle);
  }

  encode(value: unknown, transfer: readonly ArrayBuffer[] | undefined, maxBytes: number): Encoded {
    return this.#encoder.encode(value, transfer, maxBytes);
  }

  decode(encoded: Encoded): unknown {
    return this.#encoder.decode(encoded);
  }

  opaque(value: unknown): OpaqueValue | undefined {
    return this.#encoder.opaque(value);
  }

  beside(behaviour: Behaviour): OpaqueValue {
    return this.#encoder.encode(this.#options.beside?.(behaviour), undefined, MAX_FRAME_BYTES).bytes;
  }

  drive(behaviour: Behaviour, host: DriverHost): Driver {
    return behaviour.behaviour === 'server'
      ? new ServerDriver(behaviour, host)
      : new EnvironmentDriver(behaviour, host);
  }

  preparing(): boolean {
    for (const peer of this.#channels.values()) if (peer.waiting > 0) return true;
    return false;
  }

  whenSettled(_environment: LocalEnvironment, deadline: number, callback: () => void): void {
    this.#settling.wait(deadline, callback);
  }

  ended(environment: LocalEnvironment): void {
    this.#environments.delete(environment.slot);
    if (this.#environments.size === 0) {
      this.#control.whenSent(() => {
        this.afterTurn(() => {
          this.flush();
          this.#options.idle();
        });
      });
    }
  }

  #add(slot: number, handle: number, terms: LocalEnvironment['terms']): LocalEnvironment {
    const environment = new LocalEnvironment(slot, this.address(handle), terms, this);
    this.#environments.set(slot, environment);
    return environment;
  }

  #from(handle: number): Address | undefined {
    return handle === 0 ? undefined : this.address(handle);
  }

  #reason(reason: WireReason): ExitReason {
    // Bytes are a guest's; whatever else stands there is the kernel's own.
    const given = reason.detail;
    const detail = given instanceof Uint8Array ? this.#encoder.readOpaque(given) : given;
    return detail === undefined ? { tag: reason.tag } : { tag: reason.tag, detail };
  }
}
