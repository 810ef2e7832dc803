/**
 * What the kernel knows of one incarnation of an environment, which this object is: its path is a name for
 * people, never an address.
 *
 *   booting ──ready──► running
 *      │ │                │ asked to stop
 *      │ └──asked to stop─┤
 *      │                  ▼
 *      │               stopping
 *      │ announced its end, or is being terminated, from any of them
 *      ▼                  ▼
 *            ending ──the wall's evidence──► ended
 *
 * A thread that does not end although it was terminated is *stuck*: its environment counts as ended,
 * so that its supervisor can go on, and its process is given up as soon as it may.
 */
import type { WireReason } from '../protocol/notices.js';
import type { Guest } from './guest.js';
import type { Identity, MonitorRecord } from './identity.js';
import type { EnvironmentSpec } from './node-start.js';
import { nameIn } from './names.js';
import type { Owner } from './owner.js';
import type { WallThread } from './wall.js';

export type EnvironmentState = 'booting' | 'running' | 'stopping' | 'ending' | 'ended';

export class Environment {
  readonly path: string;
  /** What it was started with is its own: a temporary child's is kept nowhere else. */
  readonly spec: Omit<EnvironmentSpec, 'boot'>;
  readonly owner: Owner;
  readonly guest: Guest;
  readonly slot: number;
  /** The application's endpoint and what cells present have none that is this kernel's. */
  readonly thread: WallThread | undefined;
  /** What its name is kept for between its lives. */
  readonly keeper: object;
  state: EnvironmentState = 'booting';
  trapsExits = false;
  /** When it last stopped trapping exits: what was sent before may have been trapped. */
  trappedUntil = -Infinity;
  /** Said `ignore`: its end is no failure. */
  ignored = false;
  wasReady = false;
  stuck = false;
  /** While its name is being taken, above: what happens to it meanwhile comes after the answer. */
  claiming: (() => void)[] | undefined;
  /** What it said of its own end. */
  announced: WireReason | undefined;
  /** Why the kernel is ending it. */
  forced: WireReason | undefined;
  readonly names = new Set<string>();
  readonly links = new Set<Environment>();
  /** Monitors on it, and its own on others. Their numbers are its own, too: nothing that it is told counts others. */
  readonly watchers = new Set<MonitorRecord>();
  readonly watching = new Map<number, MonitorRecord>();
  lastMonitor = 0;
  /** Exit signals under way to it. */
  readonly signals = new Map<number, WireReason>();
  lastSignal = 0;
  readonly children = new Set<Environment>();
  /** Of those that it has asked for, how many are not started yet. */
  spawning = 0;
  /** Cancels what waits for it: start timeout, stop ladder. */
  readonly timers = new Set<() => void>();
  /** What guests' tables of references hold. */
  readonly identity: Identity;
  /** One of a cell, which will run again: its name is to be kept. */
  kept = false;

  constructor(
    fields: Pick<Environment, 'path' | 'owner' | 'guest' | 'slot' | 'thread'> & {
      readonly spec: EnvironmentSpec;
    },
  ) {
    this.path = fields.path;
    const { boot: _boot, ...spec } = fields.spec;
    this.spec = spec;
    this.owner = fields.owner;
    this.guest = fields.guest;
    this.slot = fields.slot;
    this.thread = fields.thread;
    this.keeper = fields.owner.keeper ?? fields.owner;
    this.identity = { environment: this, holders: 0, home: fields.guest.home };
  }

  /** What its spec calls it, with its namespace. */
  get name(): string | undefined {
    return this.spec.name === null ? undefined : this.named(this.spec.name);
  }

  /** A name of its namespace. */
  named(name: string): string {
    return nameIn(this.guest.space, name);
  }

  get alive(): boolean {
    return this.state !== 'ended';
  }
}
