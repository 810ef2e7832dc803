/**
 * One environment inside its thread: mailbox, routes, calls in flight, monitors, and the one way it
 * ends. The thread's runtime brings it what arrives; its behaviour's driver runs the guest's code.
 *
 *   starting ──ready──► running ──end──► ending ──(what was sent has left)──► ended
 *       └──────────────── end ───────────►┘
 */
import { Pace } from '../channel/pace.js';
import { FRAME, type FrameKind } from '../channel/frames.js';
import type { CallError } from '../errors.js';
import { GUEST_EXIT_TAGS, type ExitReason, type GuestExitTag } from '../exit-reason.js';
import type { MailboxTerms } from '../protocol/notices.js';
import { isRun } from '../protocol/run.js';
import type { InspectQuery, UndeliveredCause } from '../protocol/system-calls.js';
import type { Address } from './address.js';
import type { Destination, Statistics } from './context.js';
import { assertDestination } from './destination.js';
import { EnvironmentContext } from './environment-context.js';
import { exitOf, type Driver } from './driver.js';
import { FirstContacts } from './first-contacts.js';
import { IncomingCall } from './incoming-call.js';
import { InboundStreams } from './inbound-streams.js';
import { IncomingRuns } from './incoming-runs.js';
import { Mailbox } from './mailbox.js';
import type { Encoded, Peering } from './peer-channel.js';
import { PeerStream } from './peer-stream.js';
import { PendingCalls } from './pending-calls.js';
import type { Monitor, Received, ReceivedExit } from './received.js';
import { Route, type RouteOwner } from './route.js';
import type { EnvironmentServices, Loaded, TimerCount } from './services.js';
import type { Timer, Timers } from './timers.js';
import { UndeliveredReports } from './undelivered-reports.js';

/** How long an ending environment waits for connections to what it has sent to. Milliseconds. */
const SETTLE_MS = 1000;

export class LocalEnvironment implements RouteOwner {
  readonly slot: number;
  readonly self: Address;
  readonly mailbox: Mailbox;
  readonly pending: PendingCalls;
  readonly timers: Timers;
  readonly services: EnvironmentServices;
  readonly terms: MailboxTerms;
  readonly context: EnvironmentContext;
  readonly contacts = new FirstContacts();
  /** Calls taken from the mailbox whose handlers want to know when they are no longer wanted. */
  readonly watchedCalls = new Set<IncomingCall>();
  bindings: Readonly<Record<string, unknown>> = {};
  /** Where `spawn` looks for relative modules; undefined: where the loader says. */
  base: string | undefined;
  trapsExits = false;
  /** `BesideContext.onLink`. */
  onLink: ((other: Address, isLinked: boolean) => void) | undefined;

  readonly #routes = new Map<Destination, Route>();
  /** By channel and slot of the peer. */
  readonly #streams = new Map<number, PeerStream>();
  #timerCount: TimerCount | undefined;
  #sentToEnded = 0;
  readonly #inbound: InboundStreams;
  readonly #runs: IncomingRuns;
  readonly #monitors = new Map<number, Monitor>();
  readonly #monitorIds = new Map<Monitor, number>();
  readonly #ownTimers = new Set<Timer>();
  readonly #undelivered: UndeliveredReports;
  #state: 'starting' | 'running' | 'ending' | 'ended' = 'starting';
  #driver: Driver | undefined;
  readonly #trapped = new WeakMap<ReceivedExit, { readonly signal: number; readonly isEnd: boolean }>();
  /** Signals that wait for the messages sent before them. */
  readonly #deferred: (() => void)[] = [];
  #endedInStart: { readonly tag: GuestExitTag; readonly detail: unknown } | undefined;

  constructor(slot: number, handle: Address, terms: MailboxTerms, services: EnvironmentServices) {
    this.slot = slot;
    this.self = handle;
    this.services = services;
    this.terms = terms;
    this.timers = services.timers;
    const { timers, nextTurn } = services;
    const { messagesPerSecond } = terms;
    const pace = messagesPerSecond === undefined ? undefined : new Pace(messagesPerSecond, timers);
    this.mailbox = new Mailbox(terms, () => timers.now(), nextTurn, pace);
    this.#inbound = new InboundStreams(slot, this.mailbox);
    this.#runs = new IncomingRuns(this, this.mailbox, pace !== undefined);
    this.pending = new PendingCalls(services.timers, (peer, call) => {
      services.peering(peer.channel)?.postPlain(FRAME.cancel, peer.slot, slot, call);
    });
    this.#undelivered = new UndeliveredReports(services.afterTurn, (report) => {
      services.tell({ call: 'undelivered', env: slot, ...report });
    });
    this.context = new EnvironmentContext(this);
  }

  get alive(): boolean {
    return this.#state === 'starting' || this.#state === 'running';
  }

  /** Loads the behaviour and runs it. */
  async start(load: Promise<Loaded>): Promise<void> {
    try {
      const { behaviour, args, bindings, base, timerCount } = await load;
      if (!this.alive) return;
      this.bindings = bindings;
      this.base = base;
      this.#timerCount = timerCount;
      const environment = this as LocalEnvironment;
      this.#driver = this.services.drive(behaviour, {
        context: this.context,
        contextWith: (state) => Object.assign(new EnvironmentContext(this), { state }),
        mailbox: this.mailbox,
        args,
        get trapsExits() {
          return environment.trapsExits;
        },
        ended: (exit) => {
          if (this.#state === 'starting') this.#endedInStart = exit;
          else this.end(exit);
        },
      });
      const outcome = await this.#driver.start();
      if (!this.alive) return;
      if (this.#endedInStart?.tag === 'error') {
        // It threw before it first waited: a failed start, whether its function is async or not.
        this.end(this.#endedInStart);
        return;
      }
      this.#state = 'running';
      this.services.tell({ call: 'ready', env: this.slot, ignore: outcome === 'ignore' });
      // A task may be over before its start was acknowledged; its end comes after its ready.
      if (outcome === 'ignore') this.end({ tag: 'normal', detail: undefined });
      else if (this.#endedInStart !== undefined) this.end(this.#endedInStart);
    } catch (thrown) {
      if (this.alive) this.end(exitOf(thrown));
    }
  }

  /** Counts as running without a behaviour: the application's own endpoint. */
  startBare(): void {
    this.#state = 'running';
  }

  /** Ends it, by its own choice or by an exit signal. What was sent leaves first. */
  end(exit: { readonly tag: GuestExitTag; readonly detail: unknown } | { readonly signal: number }): void {
    if (!this.alive) return;
    this.#state = 'ending';
    const unread = this.mailbox.close(this.services.drain);
    this.#runs.ended();
    if (unread > 0) this.undelivered('itself', 'unread', unread);
    for (const timer of this.#ownTimers) this.timers.cancel(timer);
    const deadline = this.timers.now() + SETTLE_MS;
    this.#finish(exit, deadline);
  }

  endThrown(thrown: unknown): void {
    this.end(exitOf(thrown));
  }

  #finish(
    exit: { readonly tag: GuestExitTag; readonly detail: unknown } | { readonly signal: number },
    deadline: number,
  ): void {
    const unsettled = this.#unsettled();
    if (unsettled && this.timers.now() < deadline) {
      this.services.whenSettled(this, deadline, () => {
        this.#finish(exit, deadline);
      });
      return;
    }
    this.#state = 'ended';
    for (const route of this.#routes.values()) route.senderEnded();
    this.pending.close();
    this.#undelivered.leave();
    this.services.ended(this);
    if ('signal' in exit) this.services.tell({ call: 'exit', env: this.slot, signal: exit.signal });
    else {
      const tag = GUEST_EXIT_TAGS.includes(exit.tag) ? exit.tag : 'error';
      this.services.tell({ call: 'exit', env: this.slot, tag, detail: this.services.opaque(exit.detail) });
    }
    this.services.flush();
  }

  #unsettled(): boolean {
    if (this.contacts.waiting > 0) return true;
    for (const route of this.#routes.values()) if (route.unsettled > 0) return true;
    return this.services.preparing();
  }

  // ---- what the runtime brings -------------------------------------------------------------------

  /** A message, cast or call. False if its sender had no credit for it. */
  arrived(
    kind: FrameKind,
    peering: Peering,
    from: number,
    correlation: number,
    value: unknown,
    bytes: number,
  ): boolean {
    const stream = this.#inbound.from(peering, from);
    // Only a call's body may be one (runtime.ts).
    if (kind === FRAME.call && isRun(value))
      return !this.alive || this.#runs.arrived(value, peering, from, correlation, stream, bytes);
    return this.mailbox.push(this.#item(kind, peering, from, correlation, value), stream, bytes);
  }

  wants(peering: Peering, from: number, bytes: number): void {
    if (this.alive) this.mailbox.credit.wants(this.#inbound.from(peering, from), bytes);
  }

  granted(channel: number, slot: number, messages: number, bytes: number): void {
    this.#streams.get(streamKey(channel, slot))?.granted(messages, bytes);
  }

  callCancelled(peering: Peering, from: number, call: number): void {
    this.mailbox.forEach((item) => {
      if (item instanceof IncomingCall && item.is(peering, from, call)) item.cancel();
    });
    for (const item of this.watchedCalls) if (item.is(peering, from, call)) item.cancel();
    this.#runs.cancelled(peering, from, call);
  }

  runProlonged(peering: Peering, from: number, run: number, ms: number): void {
    this.#runs.prolonged(peering, from, run, ms);
  }

  /** An exit signal: `end` over a link, `sent` by another environment, or `stop`, the order of the supervisor. */
  signal(signal: number, from: Address | undefined, reason: ExitReason, kind: 'end' | 'sent' | 'stop'): void {
    if (!this.alive) return;
    if (kind === 'stop') {
      if (this.#driver === undefined || this.#state === 'starting') this.end({ signal });
      else this.#driver.stop(reason);
    } else if (this.trapsExits) {
      const item: ReceivedExit = { type: 'exit', from, reason };
      this.#trapped.set(item, { signal, isEnd: kind === 'end' });
      this.mailbox.pushReserved(item);
    } else if (reason.tag !== 'normal' || from === this.self) {
      // Erlang: `normal` from another is ignored, from oneself it is not.
      this.end({ signal });
    }
  }

  /** `BesideContext.endBy`. */
  endBy(item: ReceivedExit): void {
    const trapped = this.#trapped.get(item);
    if (trapped !== undefined) this.end({ signal: trapped.signal });
  }

  /** `BesideContext.isEnd`. */
  isEnd(item: ReceivedExit): boolean {
    return this.#trapped.get(item)?.isEnd === true;
  }

  down(monitor: number, reason: ExitReason): void {
    const known = this.#monitors.get(monitor);
    if (known === undefined) return;
    this.#monitors.delete(monitor);
    this.#monitorIds.delete(known);
    this.mailbox.pushReserved({ type: 'down', monitor: known, reason });
  }

  /** The environment behind a stream is gone; what it had sent has been delivered. */
  peerGone(peering: Peering, channel: number, slot: number, reason: ExitReason): void {
    this.pending.peerGone(channel, slot, reason);
    for (const call of this.watchedCalls) if (call.isFrom(peering, slot)) call.cancel();
    this.#runs.callerGone(peering, slot);
    this.#inbound.close(peering, slot);
    const outbound = this.#streams.get(streamKey(channel, slot));
    if (outbound === undefined) return;
    this.#streams.delete(streamKey(channel, slot));
    this.#sentToEnded += outbound.sent;
    const left = outbound.end();
    for (const [destination, route] of this.#routes) {
      // A name's route learns its state from the name's own notice, which comes before this.
      if (route.stream === outbound && typeof destination !== 'string') {
        route.closed('dead');
        this.#routes.delete(destination);
      }
    }
    for (const sending of left) sending.home.takeBack([sending]);
  }

  inspect(query: InspectQuery): unknown {
    switch (query) {
      case 'state':
        return this.#driver?.state();
      case 'statistics':
        return this.statistics();
      case 'suspend':
        this.mailbox.suspend();
        return undefined;
      case 'resume':
        this.mailbox.resume();
        return undefined;
    }
  }

  statistics(): Statistics {
    let sent = this.#sentToEnded;
    let inFlightBytes = 0;
    for (const stream of this.#streams.values()) {
      sent += stream.sent;
      inFlightBytes += stream.waitingBytes;
    }
    for (const route of this.#routes.values()) inFlightBytes += route.waitingBytes;
    const { length: mailbox, bytes: mailboxBytes, received } = this.mailbox;
    return { mailbox, mailboxBytes, inFlightBytes, pendingCalls: this.pending.size, received, sent };
  }

  // ---- routes ------------------------------------------------------------------------------------

  /** Throws `CallError` `operation_refused` for what is neither a name nor an address. */
  route(destination: Destination): Route {
    let route = this.#routes.get(destination);
    if (route === undefined) {
      assertDestination(destination);
      route = new Route(destination, this);
      this.#routes.set(destination, route);
      this.services.connect(this, destination, route);
    } else if (route.reopened()) this.services.connect(this, destination, route);
    return route;
  }

  /** Nothing will ever be there: the next send asks anew, and nothing is kept for it. */
  forgetRoute(destination: Destination): void {
    this.#routes.delete(destination);
  }

  routeTo(name: string): Route | undefined {
    return this.#routes.get(name);
  }

  /** The one stream to a peer, whatever it was called. */
  stream(target: string, peering: Peering, slot: number, terms: MailboxTerms): PeerStream {
    const key = streamKey(peering.id, slot);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new PeerStream(target, peering, slot, terms, this);
      this.#streams.set(key, stream);
    }
    return stream;
  }

  // ---- for the context ---------------------------------------------------------------------------

  /** Moves the deadline of a run (`FRAME.prolong`). False: it has not left yet, or is over. */
  prolongRun(call: number, ms: number): boolean {
    const peer = this.pending.peerOf(call);
    if (peer === undefined) return false;
    this.services.peering(peer.channel)?.postPlain(FRAME.prolong, peer.slot, this.slot, call, ms);
    return true;
  }

  /**
   * Runs it once everything sent before has left: what goes by the kernel must not overtake messages
   * that still wait for their connection or their tickets. At once where nothing does.
   */
  afterSent(run: () => void): void {
    if (this.#deferred.length > 0 || (this.#unsettled() && this.alive)) {
      this.#deferred.push(run);
      if (this.#deferred.length === 1) this.#runDeferred(this.timers.now() + SETTLE_MS);
      return;
    }
    this.services.flush();
    run();
  }

  #runDeferred(deadline: number): void {
    if (this.#state !== 'ended' && this.#unsettled() && this.timers.now() < deadline) {
      this.services.whenSettled(this, deadline, () => {
        this.#runDeferred(deadline);
      });
      return;
    }
    this.services.flush();
    for (const run of this.#deferred.splice(0)) run();
  }

  watch(id: number, monitor: Monitor): void {
    this.#monitors.set(id, monitor);
    this.#monitorIds.set(monitor, id);
  }

  unwatch(monitor: Monitor): void {
    const id = this.#monitorIds.get(monitor);
    if (id !== undefined) {
      this.#monitors.delete(id);
      this.#monitorIds.delete(monitor);
      this.services.tell({ call: 'demonitor', env: this.slot, monitor: id });
    }
    this.mailbox.removeReserved((item) => item.type === 'down' && item.monitor === monitor);
  }

  /** A timer that ends with the environment. */
  timer(delayMs: number, fire: () => void): Timer {
    const timer = this.timers.start(delayMs, () => {
      this.#timerOver(timer);
      fire();
    });
    this.#ownTimers.add(timer);
    return timer;
  }

  /** One of those that its limit counts. Throws `EnvironmentError` `limit_refused`. */
  countedTimer(delayMs: number, fire: () => void): Timer {
    this.#timerCount?.admit();
    const timer = this.timer(delayMs, fire);
    this.#timerCount?.began(timer);
    return timer;
  }

  cancelTimer(timer: Timer): boolean {
    this.timers.cancel(timer);
    return this.#timerOver(timer);
  }

  #timerOver(timer: Timer): boolean {
    this.#timerCount?.ended(timer);
    return this.#ownTimers.delete(timer);
  }

  // ---- RunsSite ----------------------------------------------------------------------------------

  now(): number {
    return this.timers.now();
  }

  decode(encoded: Encoded): unknown {
    return this.services.decode(encoded);
  }

  // ---- RouteOwner --------------------------------------------------------------------------------

  encode(value: unknown, transfer: readonly ArrayBuffer[] | undefined, maxBytes: number): Encoded {
    return this.services.encode(value, transfer, maxBytes);
  }

  undelivered(target: string, cause: UndeliveredCause, count: number): void {
    this.#undelivered.add(target, cause, count);
  }

  callSent(call: number, peering: Peering, slot: number): void {
    this.pending.sent(call, { channel: peering.id, slot });
  }

  callWanted(call: number): boolean {
    return this.pending.wanted(call);
  }

  callLost(call: number, error: CallError): void {
    this.pending.fail(call, error);
  }

  blocked(stream: PeerStream, on: boolean): void {
    this.services.tell({
      call: 'blocked',
      env: this.slot,
      channel: stream.peering.id,
      slot: stream.slot,
      on,
    });
  }

  #item(kind: FrameKind, peering: Peering, from: number, correlation: number, value: unknown): Received {
    if (kind === FRAME.message) return { type: 'message', value };
    const [operation, ...parameters] = value as [string, ...unknown[]];
    if (kind === FRAME.cast) return { type: 'cast', operation, arguments: parameters };
    return new IncomingCall(operation, parameters, this, peering, from, correlation);
  }
}

function streamKey(channel: number, slot: number): number {
  return channel * 0x10000 + slot;
}
