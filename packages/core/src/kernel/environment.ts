/**
 * What the kernel knows of one incarnation of an environment. Its serial is never used again; its path
 * is a name for people, never an address.
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
import type { MailboxTerms, WireReason } from '../protocol/notices.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import type { Guest } from './guest.js';
import type { WallLimits, WallThread } from './wall.js';

export type EnvironmentState = 'booting' | 'running' | 'stopping' | 'ending' | 'ended';

/** What the kernel needs to start an environment; made by the loader, opaque where it can be. */
export interface EnvironmentSpec {
  /** Image, arguments, bindings: for the guest runtime. */
  readonly boot: OpaqueValue;
  /** Registered when it starts, and free again before anybody hears of its end. */
  readonly name: string | null;
  readonly terms: MailboxTerms;
  readonly limits: WallLimits;
  /** For so long its event loop may stand still. */
  readonly unresponsiveMs: number | 'infinity';
  readonly env: Readonly<Record<string, string>>;
}

/** Who started an environment and hears of its life: a supervisor node, or another environment. */
export interface Owner {
  started(environment: Environment): void;
  ignored(environment: Environment): void;
  /** It and everything below it have ended. What this returns is done after everybody else was told. */
  ended(environment: Environment, reason: WireReason): Decision;
}

/** What an owner decides at an end. */
export interface Decision {
  /** Whether the names of the environment will be held again: senders park. */
  readonly willRestart: boolean;
  readonly carryOut: () => void;
}

export class Environment {
  readonly serial: number;
  readonly path: string;
  /** What it was started with is its own: a temporary child's is kept nowhere else. */
  readonly spec: Omit<EnvironmentSpec, 'boot'>;
  readonly owner: Owner;
  readonly guest: Guest;
  readonly slot: number;
  readonly thread: WallThread | undefined;
  state: EnvironmentState = 'booting';
  trapsExits = false;
  /** When it last stopped trapping exits: what was sent before may have been trapped. */
  trappedUntil = -Infinity;
  /** Said `ignore`: its end is no failure. */
  ignored = false;
  wasReady = false;
  stuck = false;
  readonly startedAt: number;
  /** What it said of its own end. */
  announced: WireReason | undefined;
  /** Why the kernel is ending it. */
  forced: WireReason | undefined;
  readonly names = new Set<string>();
  readonly links = new Set<Environment>();
  /** Monitors on it, and its own on others. */
  readonly watchers = new Set<MonitorRecord>();
  readonly watching = new Map<number, MonitorRecord>();
  /** Exit signals under way to it. */
  readonly signals = new Map<number, WireReason>();
  readonly children = new Set<Environment>();
  /** Cancels what waits for it: start timeout, stop ladder. */
  readonly timers = new Set<() => void>();
  /** What guests' tables of references hold. */
  readonly identity: Identity = { environment: this };

  constructor(
    fields: Pick<Environment, 'serial' | 'path' | 'owner' | 'guest' | 'slot' | 'thread' | 'startedAt'> & {
      readonly spec: EnvironmentSpec;
    },
  ) {
    this.serial = fields.serial;
    this.path = fields.path;
    const { boot: _boot, ...spec } = fields.spec;
    this.spec = spec;
    this.owner = fields.owner;
    this.guest = fields.guest;
    this.slot = fields.slot;
    this.thread = fields.thread;
    this.startedAt = fields.startedAt;
  }

  get alive(): boolean {
    return this.state !== 'ended';
  }
}

/**
 * Which incarnation a handle means. It outlives the environment, so that an address that is passed on
 * after the end is still the same address to everybody, and leads nowhere.
 */
export interface Identity {
  environment: Environment | undefined;
}

export interface MonitorRecord {
  readonly id: number;
  readonly watcher: Environment;
  readonly target: Environment;
}
