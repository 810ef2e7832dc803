/**
 * Starting and ending environments: the stop ladder and the death protocol.
 *
 * The stop ladder: ask (an order to stop, the child's `shutdown` time) → terminate → after 250 ms mark
 * as stuck and go on without it.
 *
 * Death, in this order, whatever caused it:
 *   1. detected, by the wall's evidence
 *   2. names freed, references revoked, its own children ended
 *   3. `gone` to every thread that holds a channel to it or watches it; there, what it had sent is
 *      delivered, then `DOWN` and `EXIT`, and calls to it are rejected
 *   4. its owner's decision is carried out: the restart
 * Names are free before anybody hears of the end, and the owner decides before the names' followers are
 * told, so a sender never sees a gap between "gone" and "being restarted".
 */
import type { Clock } from '../clock.js';
import type { WireReason } from '../protocol/notices.js';
import type { Decision, Environment } from './environment.js';
import type { Guest } from './guest.js';
import { HangDetector } from './hang-detector.js';
import type { KernelParts } from './parts.js';

/** How long a thread may take to end once it was told to. Milliseconds. */
export const TERMINATE_MS = 250;
const MAX_SIGNALS = 1000;
const KILLED: WireReason = { tag: 'killed', detail: undefined };
const UNRESPONSIVE: WireReason = { tag: 'unresponsive', detail: undefined };
export const SHUTDOWN: WireReason = { tag: 'shutdown', detail: undefined };

export class Lifecycle {
  readonly hangs: HangDetector;
  readonly #parts: KernelParts;
  #lastSignal = 0;

  constructor(parts: KernelParts) {
    this.#parts = parts;
    this.hangs = new HangDetector(parts, (environment) => {
      this.terminate(environment, UNRESPONSIVE);
    });
  }

  /** Its init is over. */
  ready(environment: Environment, ignore: boolean): void {
    if (environment.state !== 'booting' || environment.wasReady) return;
    environment.wasReady = true;
    if (ignore) {
      // It ends by itself now; the owner hears `ignored` when it has.
      environment.ignored = true;
      return;
    }
    environment.state = 'running';
    const { name } = environment.spec;
    if (name !== null) this.#parts.names.hold(name, environment, environment.owner);
    environment.owner.started(environment);
  }

  /** It says that it ends. The thread has to end by itself soon; until it has, nothing is believed. */
  announced(environment: Environment, reason: WireReason): void {
    if (environment.announced !== undefined || !environment.alive) return;
    environment.announced = reason;
    this.#clearTimers(environment);
    environment.state = 'ending';
    if (environment.thread === undefined) {
      this.ended(environment);
      return;
    }
    this.#after(environment, this.#parts.realClock, TERMINATE_MS, () => {
      this.terminate(environment, reason);
    });
  }

  /** Asks it to stop, waits, kills. */
  stop(environment: Environment, shutdown: number | 'brutal_kill' | 'infinity'): void {
    if (!environment.alive) return;
    if (shutdown === 'brutal_kill') {
      this.kill(environment);
      return;
    }
    if (environment.state === 'ending') return;
    this.#clearTimers(environment);
    environment.state = 'stopping';
    this.signal(environment, SHUTDOWN, undefined, true);
    if (shutdown !== 'infinity') {
      this.#after(environment, this.#parts.clock, shutdown, () => {
        this.kill(environment);
      });
    }
  }

  kill(environment: Environment): void {
    this.terminate(environment, KILLED);
  }

  /** Ends the thread, with this reason unless it had announced another. */
  terminate(environment: Environment, reason: WireReason): void {
    // Told once: a second kill must not begin the wait for a stuck thread anew.
    if (!environment.alive || environment.forced !== undefined) return;
    environment.forced = reason;
    this.#clearTimers(environment);
    environment.state = 'ending';
    this.#after(environment, this.#parts.realClock, TERMINATE_MS, () => {
      environment.stuck = true;
      environment.thread?.markStuck();
      this.ended(environment);
    });
    environment.thread?.terminate();
  }

  /**
   * Sends an exit signal. A guest that does not trap has to end by it; one that is busy and does not
   * look is ended by the kernel, as an endless loop would be in Erlang.
   */
  signal(environment: Environment, reason: WireReason, from: Environment | undefined, stop: boolean): number {
    const signal = this.expectEnd(environment, reason, stop);
    const { guest } = environment;
    const channel =
      from === undefined || from.guest === guest ? 0 : (guest.channelTo.get(from.guest)?.id ?? 0);
    const handle = from === undefined ? 0 : guest.grant(from);
    guest.notify({ notice: 'signal', env: environment.slot, signal, channel, handle, stop, reason });
    return signal;
  }

  /** Notes a signal that is about to be sent, and holds the guest to it. */
  expectEnd(environment: Environment, reason: WireReason, stop = false): number {
    const signal = ++this.#lastSignal;
    environment.signals.set(signal, reason);
    // One that traps gets any number of them, and ends by none: only the last ones are remembered.
    if (environment.signals.size > MAX_SIGNALS)
      environment.signals.delete(environment.signals.keys().next().value as number);
    if (!stop && reason.tag !== 'normal' && environment.state !== 'ending') {
      const sentAt = this.#parts.realClock.now();
      this.#after(environment, this.#parts.realClock, TERMINATE_MS, () => {
        // It was trapping when it read the signal, or is ending; or its loop never turned.
        const trapped = environment.trapsExits || environment.trappedUntil >= sentAt;
        if (!trapped && environment.state !== 'ending') this.terminate(environment, reason);
      });
    }
    return signal;
  }

  /** The wall saw the thread end, or the kernel gives it up. */
  ended(environment: Environment, evidence?: WireReason): void {
    if (!environment.alive) return;
    this.#clearTimers(environment);
    this.hangs.forget(environment);
    const { guest } = environment;
    const reason = environment.announced ??
      evidence ??
      environment.forced ?? { tag: 'error', detail: undefined };
    environment.state = 'ended';
    guest.environments.delete(environment.slot);
    environment.identity.environment = undefined;
    if (environment.stuck) this.#parts.observe({ kind: 'stuck', path: environment.path });

    if (environment.children.size > 0) this.#endChildren(environment, reason);
    else {
      this.#tellAll(environment, reason, environment.owner.ended(environment, reason));
      this.#parts.orphans.ended(environment);
    }
  }

  /** Its children end first, then the owner decides. Until then its names are kept. */
  #endChildren(environment: Environment, reason: WireReason): void {
    const names = [...environment.names];
    this.#tellAll(environment, reason, { willRestart: true, carryOut: nothing });
    this.#parts.orphans.add(environment, () => {
      const decision = environment.owner.ended(environment, reason);
      if (!decision.willRestart) for (const name of names) this.#parts.names.giveUp(name, environment.owner);
      decision.carryOut();
      this.#parts.orphans.ended(environment);
    });
    for (const child of environment.children) this.stop(child, 'brutal_kill');
  }

  #tellAll(environment: Environment, reason: WireReason, decision: Decision): void {
    const { names, channels, blocked } = this.#parts;
    const { guest } = environment;
    blocked.forget(environment);
    for (const name of [...environment.names]) {
      // Only the name of its spec belongs to the next incarnation; those it took itself are free.
      const keeper = decision.willRestart && name === environment.spec.name ? environment.owner : undefined;
      names.release(name, environment, keeper);
    }
    const { name } = environment.spec;
    if (name !== null && !decision.willRestart) names.giveUp(name, environment.owner);

    const closes = guest.environments.size === 0;
    for (const [watcher, news] of this.#news(environment, reason, closes)) {
      const channel = watcher.channelTo.get(guest)?.id ?? 0;
      watcher.notify({ notice: 'gone', channel, slot: environment.slot, closes, reason, ...news });
    }
    for (const record of environment.watching.values()) record.target.watchers.delete(record);
    environment.watching.clear();
    if (closes) {
      names.unfollowAll(guest);
      channels.end(guest);
      guest.end();
    }
    decision.carryOut();
  }

  /** Whom the end concerns, and what each is told. */
  #news(environment: Environment, reason: WireReason, closes: boolean): ReadonlyMap<Guest, News> {
    const news = new Map<Guest, News>();
    const of = (guest: Guest): News => {
      let known = news.get(guest);
      if (known === undefined) {
        known = { downs: [], exits: [] };
        news.set(guest, known);
      }
      return known;
    };
    if (closes) for (const peer of environment.guest.channelTo.keys()) of(peer);
    for (const record of environment.watchers) {
      record.watcher.watching.delete(record.id);
      of(record.watcher.guest).downs.push({ env: record.watcher.slot, monitor: record.id });
    }
    environment.watchers.clear();
    for (const linked of environment.links) {
      linked.links.delete(environment);
      if (!linked.alive) continue;
      const signal = this.expectEnd(linked, reason);
      const handle = linked.guest.grant(environment);
      of(linked.guest).exits.push({ env: linked.slot, signal, handle });
    }
    environment.links.clear();
    return news;
  }

  #after(environment: Environment, clock: Clock, delayMs: number, run: () => void): void {
    const cancel = clock.after(delayMs, () => {
      environment.timers.delete(cancel);
      if (environment.alive) run();
    });
    environment.timers.add(cancel);
  }

  #clearTimers(environment: Environment): void {
    for (const cancel of environment.timers) cancel();
    environment.timers.clear();
  }
}

interface News {
  readonly downs: { env: number; monitor: number }[];
  readonly exits: { env: number; signal: number; handle: number }[];
}

function nothing(): void {
  // The owner has not decided yet.
}
