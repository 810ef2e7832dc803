/**
 * What a supervisor knows. It is owned by the step that works on it and changed in place, because a
 * restart under a flat supervisor of thousands must not cost a copy of all; it holds no clock, no
 * function and nothing from outside, so the same events always lead to the same state.
 *
 * A child's life, as its supervisor sees it:
 *
 *   stopped ──► starting ──► running ──► ended ──► restarting ──► starting …
 *      ▲            │            │         │           │
 *      └────────────┴─ stopping ─┴─────────┴───────────┘
 *
 * `ended`: it ended of itself and its turn to be dealt with has not come. `restarting`: a restart is
 * decided, and waits for its group, its backoff or, after a failed start, its turn to try again.
 */
import type { ExitReason } from '@espalier/core';
import type {
  ChildSpec,
  OpaqueValue,
  SupervisorEffect,
  SupervisorOperation,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import type { Fifo } from './fifo.js';
import type { Apply } from './apply-state.js';
import type { Budget } from './intensity.js';

export type ChildStatus = 'stopped' | 'starting' | 'running' | 'stopping' | 'ended' | 'restarting';

export interface Child {
  /** Its id; `#1`, `#2`, … for children of a template. */
  readonly key: string;
  spec: ChildSpec;
  /** Its own further arguments, if it is a template's. */
  extra: OpaqueValue | undefined;
  status: ChildStatus;
  /** Counts its starts. */
  incarnation: number;
  /** When it was last told to start, began to run, or was told to stop. */
  sinceMs: number;
  /** Failures in a row, for its backoff. */
  failures: number;
  /** The timer that ends its backoff. */
  timer: string | null;
  /** Whether the kernel was last told to keep messages for its next incarnation. */
  parked: boolean;
  /** Whose restart will start it again, while it is stopped for that. */
  waitsFor: Child | null;
}

/** What waits for its turn. */
export type Item =
  | {
      readonly kind: 'ownEnd';
      readonly child: Child;
      readonly incarnation: number;
      readonly reason: ExitReason;
    }
  | {
      readonly kind: 'tryAgain';
      readonly child: Child;
      readonly incarnation: number;
      readonly reason: ExitReason;
    }
  | { readonly kind: 'waited'; readonly child: Child; readonly incarnation: number }
  | { readonly kind: 'request'; readonly requestId: number; readonly operation: SupervisorOperation };

export type Outcome = { readonly type: 'failed' | 'ended'; readonly reason: ExitReason };

export type Purpose =
  | { readonly for: 'boot' }
  | { readonly for: 'restart'; readonly child: Child }
  | {
      readonly for: 'startChild' | 'restartChild' | 'terminateChild';
      readonly child: Child;
      readonly requestId: number;
    }
  /** The steps of an apply. */
  | { readonly for: 'clear' | 'fill' | 'release' }
  | { readonly for: 'end'; readonly outcome: Outcome; readonly brutal: boolean };

/** The one operation under way: these are stopped, one after the other, then those are started. */
export interface Task {
  readonly purpose: Purpose;
  readonly stops: readonly Child[];
  readonly starts: readonly Child[];
  /** Stops all at once. */
  readonly parallel: boolean;
  stopped: number;
  started: number;
  /** Told to stop or to start, and not yet answered. */
  readonly waiting: Set<Child>;
}

export interface State {
  spec: SupervisorSpec;
  phase: 'new' | 'starting' | 'running' | 'ending' | 'ended';
  nowMs: number;
  /** In start order. */
  children: Map<string, Child>;
  /** Of `simple_one_for_one`; its children have no ids. */
  template: ChildSpec | null;
  /** How many children the template has had. */
  dynamicCount: number;
  budget: Budget;
  readonly queue: Fifo<Item>;
  task: Task | null;
  /** The apply under way. While it waits for the supervisor above, there is no task. */
  apply: Apply | null;
  /** Of the step under way. */
  effects: SupervisorEffect[];
}
