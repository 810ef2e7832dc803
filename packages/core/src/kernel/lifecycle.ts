/**
 * Starting and ending environments: the stop ladder and the death protocol.
 *
 * The stop ladder: ask (an order to stop, the child's `shutdown` time) → terminate → after 250 ms mark
 * as stuck and go on without it. Its last step is the walls': a cell is killed for a thread that stays stuck.
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
import type { Environment } from './environment.js';
import type { Decision } from './owner.js';
import { settle, type Guest } from './guest.js';
import type { News } from './identity.js';
import { HangDetector } from './hang-detector.js';
import type { KernelParts } from './parts.js';

/** How long a thread may take to end once it was told to. Milliseconds. */
export const TERMINATE_MS = 250;
/**
 * How long a start takes that is refused at once: about as long as others take. Where restarts are all but
 * unlimited, one would follow the other without the kernel's loop ever turning.
 */
export const REFUSAL_MS = 10;
const MAX_SIGNALS = 1000;
export const NOPROC: WireReason = { tag: 'noproc', detail: undefined };
const KILLED: WireReason = { tag: 'killed', detail: undefined };
const UNRESPONSIVE: WireReason = { tag: 'unresponsive', detail: undefined };
export const SHUTDOWN: WireReason = { tag: 'shutdown', detail: undefined };

export class Lifecycle {
  readonly hangs: HangDetector;
  readonly #parts: KernelParts;

  constructor(parts: KernelParts) {
    this.#parts = parts;
    this.hangs = new HangDetector(parts, (environment) => this.terminate(environment, UNRESPONSIVE));
  }

  /** Its init is over. */
  ready(environment: Environment, ignore: boolean): void {
    if (environment.state !== 'booting' || environment.wasReady) return;
    if (ignore) {
      // It ends by itself now; the owner hears `ignored` when it has.
      environment.wasReady = true;
      environment.ignored = true;
      return;
    }
    const { names, clock } = this.#parts;
    const { name, spec } = environment;
    // What an earlier life of the cell had held, and this one does not have.
    if (environment.guest.role === 'cell') names.giveUpAll(environment.keeper, environment.names);
    if (name === undefined) this.#runs(environment);
    else {
      const later: (() => void)[] = (environment.claiming = []);
      names.hold(name, environment, environment.keeper, (held) => {
        environment.claiming = undefined;
        if (held) this.#runs(environment);
        else this.#after(environment, clock, REFUSAL_MS, () => this.terminate(environment, taken(spec.name)));
        for (const happen of later) happen();
      });
    }
  }

  #runs(environment: Environment): void {
    if (environment.state !== 'booting') return;
    environment.wasReady = true;
    environment.state = 'running';
    environment.owner.started(environment);
  }

  /** It says that it ends. The thread has to end by itself soon; until it has, nothing is believed. */
  announced(environment: Environment, reason: WireReason): void {
    if (environment.announced !== undefined || !environment.alive) return;
    if (environment.claiming?.push(() => this.announced(environment, reason))) return;
    environment.announced = reason;
    this.#clearTimers(environment);
    environment.state = 'ending';
    if (environment.thread === undefined) {
      this.ended(environment);
      return;
    }
    this.#after(environment, this.#parts.realClock, TERMINATE_MS, () => this.terminate(environment, reason));
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
      this.#after(environment, this.#parts.clock, shutdown, () => this.kill(environment));
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
    if (environment.guest.home !== undefined) {
      // How long that may take is for the kernel of its cell.
      environment.guest.notify({ notice: 'kill', reason });
      return;
    }
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
    const channel = from === undefined ? 0 : this.#parts.channels.number(guest, from.guest);
    // Whoever sent it: a message that was under way before the signal, from anybody, comes before it.
    for (const { relay } of guest.channels.values()) relay?.drain();
    const handle = from === undefined ? 0 : guest.pass(from.identity);
    guest.notify({ notice: 'signal', env: environment.slot, signal, channel, handle, stop, reason });
    return signal;
  }

  /** Notes a signal that is about to be sent, and holds the guest to it. */
  expectEnd(environment: Environment, reason: WireReason, stop = false): number {
    const signal = ++environment.lastSignal;
    environment.signals.set(signal, reason);
    // One that traps gets any number of them, and ends by none: only the last ones are remembered.
    if (environment.signals.size > MAX_SIGNALS)
      environment.signals.delete(environment.signals.keys().next().value as number);
    const here = environment.guest.home === undefined;
    if (here && !stop && reason.tag !== 'normal' && environment.state !== 'ending') {
      const sentAt = this.#parts.realClock.now();
      this.#after(environment, this.#parts.realClock, TERMINATE_MS, () => {
        // It was trapping when it read the signal, or is ending; or its loop never turned.
        const trapped = environment.trapsExits || environment.trappedUntil >= sentAt;
        if (!trapped && environment.state !== 'ending') this.terminate(environment, reason);
      });
    }
    return signal;
  }

  /** One that stands for somebody elsewhere hears who is linked with it; of an end it hears by the exit. */
  tellLinked({ guest, slot, spec }: Environment, { identity }: Environment, on: boolean): void {
    if (spec.terms.links !== true) return;
    guest.notify({ notice: 'linked', env: slot, channel: 0, handle: guest.pass(identity), on });
  }

  /** The wall saw the thread end, or the kernel gives it up. */
  ended(environment: Environment, evidence?: WireReason): void {
    if (!environment.alive) return;
    if (environment.claiming?.push(() => this.ended(environment, evidence))) return;
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
    this.#tellAll(environment, reason, { willRestart: true, carryOut: () => undefined });
    this.#parts.orphans.add(environment, () => {
      const decision = environment.owner.ended(environment, reason);
      this.#freeNames(environment, decision);
      decision.carryOut();
      this.#parts.orphans.ended(environment);
    });
    for (const child of environment.children) {
      if (child.guest.home?.cell === environment.guest) this.#lost(child, reason);
      else this.stop(child, 'brutal_kill');
    }
  }

  /** It ended with its cell; its name is kept until the cell's owner has decided. */
  #lost(environment: Environment, reason: WireReason): void {
    environment.kept = true;
    this.ended(environment, reason.tag === 'killed' ? KILLED : { tag: 'cell', detail: reason.detail });
  }

  /** One that will not run again leaves no name behind, nor does what was in it. */
  #freeNames({ owner, keeper, name }: Environment, { willRestart }: Decision): void {
    if (willRestart) return;
    if (owner === keeper) this.#parts.names.giveUpAll(keeper);
    else if (name !== undefined) this.#parts.names.giveUp(name, keeper);
  }

  #tellAll(environment: Environment, reason: WireReason, decision: Decision): void {
    const { names, channels, uplink } = this.#parts;
    const { guest } = environment;
    uplink?.ended(environment, reason, decision.willRestart);
    for (const name of [...environment.names]) {
      // Only the name of its spec belongs to the next incarnation; those it took itself are free.
      const keeper = decision.willRestart && name === environment.name ? environment.keeper : undefined;
      names.release(name, environment, keeper);
    }
    this.#freeNames(environment, decision);

    const closes = guest.environments.size === 0;
    const peers = closes ? [...guest.channelTo.keys()] : [];
    for (const [watcher, news] of this.#news(environment, reason, peers)) {
      const channel = channels.number(watcher, guest);
      watcher.channelTo.get(guest)?.relay?.drain();
      const told = toldTo(watcher, guest, reason);
      watcher.notify({ notice: 'gone', channel, slot: environment.slot, closes, reason: told, ...news });
    }
    for (const record of environment.watching.values()) record.target.watchers.delete(record);
    environment.watching.clear();
    if (closes) {
      names.unfollowAll(guest);
      channels.end(guest);
      guest.end();
    }
    settle(environment.identity);
    decision.carryOut();
  }

  /** A guest may not deal with an environment any more: to it, that is as if it were not there. */
  sever(guest: Guest, environment: Environment): void {
    const { names, channels } = this.#parts;
    const peer = environment.guest;
    const news = this.#news(environment, NOPROC, [guest], guest).get(guest);
    const told = { notice: 'gone', slot: environment.slot, closes: true, reason: NOPROC } as const;
    const [channel, back] = [channels.number(guest, peer), channels.number(peer, guest)];
    channels.leave(guest, peer);
    channels.leave(peer, guest);
    // Whoever of the two may still speak to the other does so over a new channel.
    for (const one of [guest, peer]) names.retell(one);
    guest.notify({ ...told, channel, downs: [], exits: [], ...news });
    peer.notify({ ...told, channel: back, downs: [], exits: [] });
  }

  /** Whom the end concerns, and what each is told; `only`: nobody else. */
  #news(
    environment: Environment,
    reason: WireReason,
    peers: readonly Guest[],
    only?: Guest,
  ): ReadonlyMap<Guest, News> {
    const news = new Map<Guest, News>();
    const of = (guest: Guest): News => {
      const known = news.get(guest) ?? { downs: [], exits: [] };
      news.set(guest, known);
      return known;
    };
    for (const peer of peers) of(peer);
    for (const record of environment.watchers) {
      if (only !== undefined && record.watcher.guest !== only) continue;
      environment.watchers.delete(record);
      record.watcher.watching.delete(record.id);
      of(record.watcher.guest).downs.push({ env: record.watcher.slot, monitor: record.id });
    }
    for (const linked of environment.links) {
      if (only !== undefined && linked.guest !== only) continue;
      environment.links.delete(linked);
      linked.links.delete(environment);
      if (only !== undefined) this.tellLinked(environment, linked, false);
      if (!linked.alive) continue;
      const signal = this.expectEnd(linked, toldTo(linked.guest, environment.guest, reason));
      const handle = linked.guest.pass(environment.identity);
      of(linked.guest).exits.push({ env: linked.slot, signal, handle });
    }
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

/** Beyond a namespace whoever has ended, however that was, is like one who was never there, or may not be reached any more. */
function toldTo(guest: Guest, ended: Guest, reason: WireReason): WireReason {
  return guest.isForeignTo(ended) ? NOPROC : reason;
}

export function taken(name: string | null): WireReason {
  return { tag: 'error', detail: `the name '${String(name)}' is taken` };
}
