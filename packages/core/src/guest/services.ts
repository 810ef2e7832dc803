/** What the runtime of a thread offers to each environment in it. */
import type { AfterTurn, NextTurn } from '../clock.js';
import type { SystemCall, OpaqueValue } from '../protocol/system-calls.js';
import type { Address } from './address.js';
import type { AwaitedHolders } from './awaited-holders.js';
import type { Behaviour } from './behaviour.js';
import type { Control } from './control.js';
import type { Destination } from './context.js';
import type { Driver, DriverHost } from './driver.js';
import type { LocalEnvironment } from './local-environment.js';
import type { Encoded, Peering } from './peer-channel.js';
import type { Route } from './route.js';
import type { Timers } from './timers.js';

/** Of the timers that are under way in a thread. */
export interface TimerCount {
  /** @throws EnvironmentError `limit_refused` where there is no room for one more. */
  admit(): void;
  began(timer: object): void;
  ended(timer: object): void;
}

/** What the boot value of an environment was made into. */
export interface Loaded {
  readonly behaviour: Behaviour;
  readonly args: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
  /** Absolute folder that relative modules of `spawn` are taken from: that of the environment's own module. */
  readonly base?: string;
  /** Where there may not be any number of them. */
  readonly timerCount?: TimerCount | undefined;
}

/** OTP: further arguments come after the template's; where the template has none, they stand alone. */
export function withExtra(loaded: Loaded, extra: unknown): Loaded {
  return { ...loaded, args: loaded.args === undefined ? extra : [loaded.args, extra] };
}

export interface EnvironmentServices {
  readonly timers: Timers;
  readonly afterTurn: AfterTurn;
  readonly nextTurn: NextTurn;
  tell(call: SystemCall): void;
  ask: Control['ask'];
  readonly holders: AwaitedHolders;
  flush(): void;
  /** One record of the log, as text. */
  log(record: string): void;
  /** Everything that has arrived at this thread is delivered now. */
  readonly drain: () => void;
  encode(value: unknown, transfer: readonly ArrayBuffer[] | undefined, maxBytes: number): Encoded;
  decode(encoded: Encoded): unknown;
  opaque(value: unknown): OpaqueValue | undefined;
  peering(channel: number): Peering | undefined;
  /** Finds the peer behind a destination and keeps the route told of it. */
  connect(environment: LocalEnvironment, destination: Destination, route: Route): void;
  address(handle: number): Address;
  /** Keeps a behaviour for an environment beside this one, in the same thread; gives what that boots with. */
  beside(behaviour: Behaviour): OpaqueValue;
  drive(behaviour: Behaviour, host: DriverHost): Driver;
  /** Whether messages of this thread wait for tickets. */
  preparing(): boolean;
  /** Calls back when something that a message was waiting for has come, or at the deadline. */
  whenSettled(environment: LocalEnvironment, deadline: number, callback: () => void): void;
  ended(environment: LocalEnvironment): void;
}
