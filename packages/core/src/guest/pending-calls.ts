/**
 * Calls in flight of one environment. A call ends exactly once: by a reply, the end of the peer, its
 * timeout, or the caller's cancellation. Whichever comes first takes the entry out of the map; what
 * comes later finds none and is dropped before the mailbox.
 */
import { CallError } from '../errors.js';
import type { ExitReason } from '../exit-reason.js';
import type { Timer, Timers } from './timers.js';

/** Where a call was sent, once it was. */
export interface CallPeer {
  readonly channel: number;
  readonly slot: number;
}

interface PendingCall {
  readonly operation: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CallError) => void;
  readonly timer: Timer;
  readonly abort: (() => void) | undefined;
  readonly signal: AbortSignal | undefined;
  peer: CallPeer | undefined;
}

export interface CallStart {
  readonly operation: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** When it is cancelled who was called answers all the same, and that is waited for. */
  readonly awaitsCancelled?: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CallError) => void;
}

export class PendingCalls {
  readonly #timers: Timers;
  readonly #cancel: (peer: CallPeer, call: number) => void;
  readonly #calls = new Map<number, PendingCall>();
  #last = 0;

  /** `cancel` tells a server that the caller of a call has given up. */
  constructor(timers: Timers, cancel: (peer: CallPeer, call: number) => void) {
    this.#timers = timers;
    this.#cancel = cancel;
  }

  get size(): number {
    return this.#calls.size;
  }

  start(start: CallStart): number {
    const call = (this.#last = this.#last === 0xffffffff ? 1 : this.#last + 1);
    const timer = this.#timers.start(start.timeoutMs, () => {
      this.#abandon(
        call,
        new CallError('timeout', `'${start.operation}' had no reply within ${String(start.timeoutMs)} ms`, {
          field: 'timeoutMs',
          value: start.timeoutMs,
        }),
      );
    });
    let abort: (() => void) | undefined;
    const { signal } = start;
    if (signal !== undefined) {
      abort = () => {
        const peer = this.peerOf(call);
        if (start.awaitsCancelled === true && peer !== undefined) this.#cancel(peer, call);
        else this.cancel(call, signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
    }
    const { operation, resolve, reject } = start;
    this.#calls.set(call, { operation, resolve, reject, timer, abort, signal, peer: undefined });
    return call;
  }

  /** Its caller gives it up; nothing where it has ended. */
  cancel(call: number, cause?: unknown): void {
    const operation = this.#calls.get(call)?.operation;
    if (operation !== undefined)
      this.#abandon(
        call,
        new CallError('cancelled', `'${operation}' was cancelled by its caller`, { cause }),
      );
  }

  /** The call is still wanted, and leaves for this peer now. False: it has ended meanwhile. */
  sent(call: number, peer: CallPeer): boolean {
    const pending = this.#calls.get(call);
    if (pending === undefined) return false;
    pending.peer = peer;
    return true;
  }

  /** Undefined: it has not left yet, or has ended. */
  peerOf(call: number): CallPeer | undefined {
    return this.#calls.get(call)?.peer;
  }

  wanted(call: number): boolean {
    return this.#calls.has(call);
  }

  /** False if nobody waits any more: the reply is late. */
  reply(call: number, peer: CallPeer, value: unknown): boolean {
    const pending = this.#calls.get(call);
    // A reply counts only from the peer that was asked: others cannot answer in its place.
    if (
      pending?.peer === undefined ||
      pending.peer.channel !== peer.channel ||
      pending.peer.slot !== peer.slot
    )
      return false;
    this.#take(call, pending);
    pending.resolve(value);
    return true;
  }

  fail(call: number, error: CallError, peer?: CallPeer): boolean {
    const pending = this.#calls.get(call);
    if (pending === undefined) return false;
    if (peer !== undefined && (pending.peer?.channel !== peer.channel || pending.peer.slot !== peer.slot))
      return false;
    this.#take(call, pending);
    pending.reject(error);
    return true;
  }

  /**
   * The peer has ended: everything that was sent to it is rejected, naming the call. With reason `noproc` it may
   * not be spoken to any more, which is no different from its never having been there.
   */
  peerGone(channel: number, slot: number, reason: ExitReason): void {
    for (const [call, pending] of this.#calls) {
      if (pending.peer?.channel !== channel || pending.peer.slot !== slot) continue;
      this.#take(call, pending);
      pending.reject(
        new CallError(
          reason.tag === 'noproc' ? 'noproc' : 'down',
          `the environment ended (${reason.tag}) before it replied to '${pending.operation}'`,
          { reason },
        ),
      );
    }
  }

  /**
   * The caller has ended: its calls end with it, untold, because its code does not run on. With an
   * error, the kernel is gone and the caller lives: then they are rejected with it.
   */
  close(error?: CallError): void {
    for (const [call, pending] of this.#calls) {
      this.#take(call, pending);
      if (error !== undefined) pending.reject(error);
    }
  }

  #abandon(call: number, error: CallError): void {
    const pending = this.#calls.get(call);
    if (pending === undefined) return;
    this.#take(call, pending);
    if (pending.peer !== undefined) this.#cancel(pending.peer, call);
    pending.reject(error);
  }

  #take(call: number, pending: PendingCall): void {
    this.#calls.delete(call);
    this.#timers.cancel(pending.timer);
    if (pending.abort !== undefined) pending.signal?.removeEventListener('abort', pending.abort);
  }
}
