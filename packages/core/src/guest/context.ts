/**
 * What an environment sees of the world: its own address, its bindings, its mailbox, and the means to
 * send, watch and end. Semantics of signals, links and monitors are those of Erlang's reference manual
 * ("Processes"); of calls those of OTP's gen_server.
 */
import type { ExitReason, GuestExitTag } from '../exit-reason.js';
import type { LogLevel } from '../log-record.js';
import type { OverflowPolicy } from '../protocol/overflow.js';
import type { Address } from './address.js';
import type { Match } from './mailbox.js';
import type { Monitor, Received } from './received.js';
import type { Ref } from './ref.js';

export type Destination = Address | string;

export interface SendOptions {
  /** ArrayBuffers in the message that move instead of being copied; detached when `send` returns. */
  readonly transfer?: readonly ArrayBuffer[];
}

export interface CallOptions extends SendOptions {
  /** Milliseconds until the call rejects with `timeout`; 5000 by default, `Infinity` for never. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ReceiveOptions {
  /** Takes the first item for which it says true; what is skipped keeps its order. */
  readonly match?: Match;
  /** Milliseconds until `receive` gives `undefined`. */
  readonly timeoutMs?: number;
}

export interface SpawnRequest {
  /** File path, `file:` URL, or package specifier; a relative path is taken from the spawning module. */
  readonly module: string;
  readonly args?: unknown;
  readonly name?: string;
  /** What a sender meets at its full mailbox. Default: `block`. */
  readonly overflow?: OverflowPolicy;
  /** How long a sender waits with `block`. Milliseconds, 5000 by default. */
  readonly sendTimeoutMs?: number;
}

export interface SpawnOptions {
  readonly link?: boolean;
  readonly monitor?: boolean;
}

export interface Spawned {
  readonly address: Address;
  /** With `monitor: true`. */
  readonly monitor: Monitor | undefined;
}

/** A pending `sendAfter`. */
export interface TimerHandle {
  /** False if it has fired already. */
  cancel(): boolean;
}

export interface Exit {
  readonly tag: GuestExitTag;
  readonly detail?: unknown;
}

export interface Context {
  /** The own address. */
  readonly self: Address;
  /** Initial values by name, as the spec gave them; the map of names to values that this environment is. */
  readonly bindings: Readonly<Record<string, unknown>>;

  /** A typed handle on a name or an address: `ref<typeof import('./adder.js')>('adder').call.add(2)`. */
  ref<M = unknown>(target: Destination): Ref<M>;

  /**
   * Sends a value. Resolves when it is sent, i.e. has taken the receiver's credit; sending to nobody
   * resolves too and is counted as a dead letter. Rejects with `CallError` `full`, `too_large` or
   * `value_refused`: then it was not sent.
   */
  send(target: Destination, value: unknown, options?: SendOptions): Promise<void>;
  /** As `send`, to a server's cast. */
  cast(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    options?: SendOptions,
  ): Promise<void>;
  /**
   * Calls a server. Ends exactly once: with its reply, or with `CallError` `down` (it ended), `noproc`
   * (nobody is there), `timeout`, `cancelled`, `refused`, `no_such_operation`, `full`, `too_large` or
   * `value_refused`.
   */
  call(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown>;

  /** The next item of the mailbox. One `receive` at a time; not in servers, whose handlers get the items. */
  receive(options?: ReceiveOptions & { readonly timeoutMs?: undefined }): Promise<Received>;
  receive(options: ReceiveOptions): Promise<Received | undefined>;

  /**
   * Sends a value later; it is encoded now. To oneself it has a reserved slot.
   *
   * @throws EnvironmentError `limit_refused`: its limit `timers` allows no more.
   */
  sendAfter(delayMs: number, target: Destination, value: unknown): TimerHandle;

  /** One `down` item when the environment ends, at once if there is none (`noproc`). */
  monitor(target: Destination): Promise<Monitor>;
  /** No `down` of this monitor comes any more; one that lies in the mailbox already is removed. */
  demonitor(monitor: Monitor): void;
  /** Shares fate both ways; linking with nobody is an exit signal `noproc`. */
  link(address: Address): void;
  /** Resolves when no exit signal over this link can come any more. */
  unlink(address: Address): Promise<void>;
  /** Exit signals become `exit` items in the mailbox, until turned off again. `killed` by `kill` is not trapped. */
  trapExits(on: boolean): void;

  /** Ends this environment. Never returns. */
  exit(reason?: Exit): never;
  /**
   * Sends an exit signal, as if linked and ended with that reason: `normal`, `shutdown` or `error`. To the address of
   * an environment that was spawned here, with any tag: who spawned it answers for why it ends.
   */
  sendExit(target: Destination, reason: ExitReason): void;
  /** Ends another environment with reason `killed`; cannot be trapped. */
  kill(target: Destination): void;

  /** Takes a name in the own namespace. Rejects with `EnvironmentError` `name_taken`. */
  register(name: string): Promise<void>;
  unregister(name: string): Promise<void>;
  /** The address of the present holder of a name, or undefined. */
  whereis(name: string): Promise<Address | undefined>;

  /** Starts a child environment, which ends with this one at the latest. Rejects with `EnvironmentError`. */
  spawn(request: SpawnRequest, options?: SpawnOptions): Promise<Spawned>;

  /**
   * Writes a record to the log, beside stdout and stderr. Waits for nobody: what is beyond the quota of all that is
   * printed (limit `stdioBytesPerSecond`) is left out, whole, and counted. 8,192 characters of text and as many of
   * `fields`, as JSON; maps and sets become lists, big integers text, errors objects. Fields that JSON cannot hold
   * are left out, and the record says so.
   *
   * @throws CallError `operation_refused`: no level of a log, or no text.
   */
  log(level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>): void;

  /** The calls, messages and bytes of this environment so far. */
  statistics(): Statistics;
}

export interface Statistics {
  /** Messages, casts and calls that wait. */
  readonly mailbox: number;
  /** Of those. */
  readonly mailboxBytes: number;
  /**
   * Of what was sent and has not left, because there is no room for it or its receiver is between two lives. What is
   * beyond that and has not arrived is at most a window for each receiver.
   */
  readonly inFlightBytes: number;
  readonly pendingCalls: number;
  /** Messages, casts and calls that have arrived so far. */
  readonly received: number;
  /** Messages, casts and calls that have left so far; replies are none. */
  readonly sent: number;
}

/** Thrown by `exit`: unwinds to the behaviour's driver. Catching it keeps the environment alive no longer than its next turn. */
export class ExitRequest {
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}
