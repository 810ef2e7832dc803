/** What is started: an environment, or what a child's spec holds for the kernel. */
import type { MailboxTerms } from '../protocol/notices.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import type { SupervisorSpec } from './supervisor-logic.js';
import type { SystemWalls, WallLimits, WallThread } from './wall.js';

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
  /** So many that it has spawned may live at a time. Default: any number. */
  readonly mostChildren?: number;
  /** So much may be kept in the kernel for it: see `Guest.entries`. Default: any amount. */
  readonly mostEntries?: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What a child's `start` holds. */
export type NodeStart = ThreadStart | { readonly kind: 'supervisor'; readonly spec: SupervisorSpec };

/** What the wall starts: a thread, or the process of a cell, which to this kernel is one. */
export type ThreadStart = EnvironmentStart | CellStart;

export interface EnvironmentStart {
  readonly kind: 'environment';
  readonly spec: EnvironmentSpec;
  /** Where it is to run, if in no thread of its own. */
  readonly thread?: WallThread | undefined;
}

/** Either of them in a process of its own; `spec` is the process's, which has no name and no mailbox. */
export interface CellStart {
  readonly kind: 'cell';
  readonly spec: EnvironmentSpec;
  readonly walls?: SystemWalls;
  readonly start: NodeStart;
}
