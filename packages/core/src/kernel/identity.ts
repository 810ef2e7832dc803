/** The kernel's records of who knows whom: handles, channels, monitors, names. Types alone. */
import type { Environment } from './environment.js';
import type { Guest } from './guest.js';
import type { Account, Relay } from './relay.js';

/**
 * Which incarnation a handle means. It outlives the environment, so that an address that is passed on
 * after the end is still the same address to everybody, and leads nowhere.
 */
export interface Identity {
  environment: Environment | undefined;
  /** How many guests have a handle for it. */
  holders: number;
  readonly home: CellNumber | undefined;
}

/** Which cell has presented it, and as what: it has no other name towards that cell. */
export interface CellNumber {
  readonly cell: Guest;
  readonly number: number;
}

/** An identity in the table of one guest. */
export interface Held {
  readonly identity: Identity;
  /** How often the guest was sent the handle; it gives them back by `drop`. */
  count: number;
}

/** One channel as one of its two guests knows it. */
export interface ChannelRecord {
  readonly id: number;
  readonly peer: Guest;
  /** Where it crosses the wall of a cell or the border of a namespace. */
  readonly relay: Relay | undefined;
  /** What the guest sends over that relay. */
  readonly account: Account | undefined;
  /** The last ticket made for the peer. */
  tickets: number;
}

/** One monitor. */
export interface MonitorRecord {
  readonly id: number;
  readonly watcher: Environment;
  readonly target: Environment;
}

/** Whom an end concerns in one guest, and how. */
export interface News {
  readonly downs: { env: number; monitor: number }[];
  readonly exits: { env: number; signal: number; handle: number }[];
}

/** One name of one namespace. */
export interface NameRecord {
  holder: Environment | undefined;
  /** Kept for this child of a supervisor (or while its first incarnation boots). */
  keptFor: object | undefined;
  readonly followers: Set<Guest>;
  /** Leads to what holds the name `target`, if that runs at `path`. Then it is nobody's own. */
  grant: { readonly target: string; readonly path: string } | undefined;
  /** Names of other namespaces that lead here. */
  readonly aliases: Set<string>;
}
