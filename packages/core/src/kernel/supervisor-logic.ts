/**
 * What the kernel asks of a supervisor's logic. Core owns this interface and calls it; the package
 * `supervisor` implements it and hands it to the kernel at start, so core imports nothing of ours.
 *
 * A supervisor is no environment: it is a state inside the kernel, moved by events, answering with
 * effects. Invariants both sides rely on:
 *
 * - The kernel carries out the effects of a step in order, before it hands in the next event.
 * - Each `startChild` is answered by exactly one of `childStarted`, `childIgnored`, `childStartFailed`
 *   (the last one when `startTimeoutMs` is over, too, and then the child is really gone). After
 *   `childStarted` comes exactly one `childEnded`. Both only when the child and all below it have
 *   ended, by the kernel's own evidence, and its names are free.
 * - After `stopChild` to a child that is still starting, any of those answers may come.
 * - `stopChild` may come a second time for the same incarnation, then always as `brutal_kill`.
 * - Each `askChild` is answered by exactly one `childAnswered`: with `shutdown` if the child ends first, or
 *   is none that can be asked.
 * - Exactly one of `started` and `failed` is given; after `started`, exactly one `ended`.
 * - The logic has no clock and no randomness: the time comes in with each event, and the kernel draws
 *   the jitter of a timer. The same events give the same effects.
 */
import type { ExitReason } from '../exit-reason.js';
import type { OpaqueValue } from '../protocol/system-calls.js';

export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one';
export type Restart = 'permanent' | 'transient' | 'temporary';
/** Milliseconds that a child may take to end when asked; then it is killed. */
export type Shutdown = number | 'brutal_kill' | 'infinity';
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant';
export type ChildKind = 'environment' | 'supervisor' | 'pool';

/** How long a restart waits: `initialMs · factor^n`, at most `maxMs`, n = failures in a row. */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** 0 to 1: the wait is drawn evenly from the last `jitter` part of it, so it never exceeds `maxMs`. */
  readonly jitter: number;
  /** A child that has run for so long counts as sound again: its next failure waits `initialMs`. */
  readonly resetAfterMs: number;
}

/** One child as its supervisor sees it. `start` is the kernel's business and only passed through. */
export interface ChildSpec {
  readonly id: string;
  readonly kind: ChildKind;
  /** The name that it is found by: kept for its next incarnation, as long as that is to have the same. */
  readonly name: string | null;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly significant: boolean;
  readonly startTimeoutMs: number | 'infinity';
  /** `inherit`: the supervisor's; null: none. */
  readonly backoff: Backoff | null | 'inherit';
  /**
   * Names the process that it has of its own, and how those below it live together, where that is not as by
   * default: where it differs, an apply starts it anew.
   */
  readonly cell?: string;
  /** What the kernel starts. Forgotten (null) once a temporary child runs, as in OTP. */
  readonly start: unknown;
  /** Names what `start` holds. Where it differs, an apply restarts an environment and goes into a supervisor. */
  readonly version: string;
  /** What it was made from, as `getChildSpec` gives it back; a temporary child's without its arguments. */
  readonly source: OpaqueValue;
}

export interface SupervisorSpec {
  readonly strategy: Strategy;
  /** `isolate`: each child has a namespace of its own. Fixed for the life of the supervisor. Default: `group`. */
  readonly siblings?: 'group' | 'isolate';
  /** Restarts allowed within `periodMs`; one more ends the supervisor. */
  readonly intensity: number;
  readonly periodMs: number;
  readonly autoShutdown: AutoShutdown;
  readonly maxChildren: number | 'infinity';
  readonly backoff: Backoff | null;
  /** In start order. With `simple_one_for_one`: exactly one, the template, of which none is started. */
  readonly children: readonly ChildSpec[];
}

/** What an administrator may ask; OTP's names and errors. */
export type SupervisorOperation =
  | { readonly op: 'startChild'; readonly child: ChildSpec }
  /** For `simple_one_for_one`: one more child from the template, with further arguments or without. */
  | { readonly op: 'startChild'; readonly extra: OpaqueValue | undefined }
  | { readonly op: 'terminateChild'; readonly id: string }
  | { readonly op: 'restartChild'; readonly id: string }
  | { readonly op: 'deleteChild'; readonly id: string }
  /**
   * Makes the supervisor and all below it what `spec` says, with as few restarts as possible; if something
   * does not start, what ran before is started again. `stepwise`: asked by the supervisor above, as a part
   * of its own apply; answered when all is stopped that has to go, and then waits for each `goOn`.
   */
  | { readonly op: 'apply'; readonly spec: SupervisorSpec; readonly stepwise: boolean }
  /** `start` what is to run; `undo`: stop what has to go on the way back; `done`: the apply is over. */
  | { readonly op: 'goOn'; readonly step: 'start' | 'undo' | 'done' }
  | { readonly op: 'whichChildren' }
  | { readonly op: 'whichChild'; readonly id: string }
  | { readonly op: 'countChildren' }
  | { readonly op: 'getChildSpec'; readonly id: string };

export type SupervisorErrorName =
  | 'already_started'
  | 'already_present'
  | 'running'
  | 'restarting'
  | 'not_found'
  | 'simple_one_for_one'
  | 'max_children'
  /** The child's spec contradicts its supervisor's: see `fields`. */
  | 'bad_combination'
  /**
   * `child` was given to a `simple_one_for_one` supervisor, or `extra` to another or to what takes no
   * arguments; or `goOn` to a supervisor that does not wait for it.
   */
  | 'bad_argument'
  | 'start_failed'
  /** The supervisor is ending or has ended. */
  | 'shutdown';

export type ChildState = 'running' | 'restarting' | 'starting' | 'stopping' | 'stopped';

export interface ChildInfo {
  /** As specified; null for a child of `simple_one_for_one`, which has none. */
  readonly id: string | null;
  /** What names the child in events, effects and operations: its id, or `#1`, `#2`, … for dynamic ones. */
  readonly key: string;
  readonly state: ChildState;
  readonly incarnation: number;
  readonly kind: ChildKind;
  readonly restart: Restart;
}

export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly environments: number;
}

/** `child` is null if the child said `ignore`. */
export interface ChildHandle {
  readonly child: { readonly key: string; readonly incarnation: number } | null;
}

export type SupervisorValue =
  null | ChildHandle | ChildInfo | readonly ChildInfo[] | ChildCounts | OpaqueValue;

export type SupervisorResult =
  | { readonly ok: true; readonly value: SupervisorValue }
  | {
      readonly ok: false;
      readonly error: SupervisorErrorName;
      /** With `start_failed`: why. */
      readonly reason?: ExitReason;
      /** With `start_failed` of an apply: whether all that ran before it runs again. */
      readonly restored?: boolean;
      /** With `already_started`: which. */
      readonly child?: { readonly key: string; readonly incarnation: number };
      /** With `bad_combination`: the two fields. */
      readonly fields?: readonly [string, string];
    };

/** What happens to a supervisor. `nowMs` is the kernel's monotonic clock. */
export type SupervisorEvent =
  | { readonly type: 'start'; readonly nowMs: number }
  | {
      readonly type: 'childStarted';
      readonly id: string;
      readonly incarnation: number;
      readonly nowMs: number;
    }
  | {
      readonly type: 'childIgnored';
      readonly id: string;
      readonly incarnation: number;
      readonly nowMs: number;
    }
  | {
      readonly type: 'childStartFailed';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly nowMs: number;
    }
  | {
      readonly type: 'childEnded';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly nowMs: number;
    }
  | { readonly type: 'timer'; readonly key: string; readonly nowMs: number }
  | {
      readonly type: 'request';
      readonly requestId: number;
      readonly operation: SupervisorOperation;
      readonly nowMs: number;
    }
  | {
      readonly type: 'childAnswered';
      readonly id: string;
      readonly incarnation: number;
      readonly result: SupervisorResult;
      readonly nowMs: number;
    }
  /** The parent asks for an end: children in reverse order, each with its own time. */
  | { readonly type: 'stop'; readonly nowMs: number }
  /** The parent's patience is over: every child is killed at once. */
  | { readonly type: 'kill'; readonly nowMs: number };

/** One line of a supervisor's history, in the order in which it happened. Durations in milliseconds. */
export type SupervisionEvent =
  /** `durationMs`: from the start to ready. */
  | {
      readonly kind: 'started';
      readonly id: string;
      readonly incarnation: number;
      readonly durationMs: number;
    }
  /** The same after a restart; `count` restarts in the period, this one included. */
  | {
      readonly kind: 'restarted';
      readonly id: string;
      readonly incarnation: number;
      readonly durationMs: number;
      readonly count: number;
    }
  /** The child wanted not to run. */
  | {
      readonly kind: 'ignored';
      readonly id: string;
      readonly incarnation: number;
      readonly durationMs: number;
    }
  /** Ended of itself, unexpectedly (`phase: run`), or did not come up (`start`). `durationMs`: how long it ran, or tried to. */
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly incarnation: number;
      readonly phase: 'start' | 'run';
      readonly reason: ExitReason;
      readonly durationMs: number;
      readonly willRestart: boolean;
    }
  /** Ended of itself with `normal` or `shutdown`. A permanent child is restarted nevertheless. */
  | {
      readonly kind: 'ended';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly durationMs: number;
      readonly willRestart: boolean;
    }
  /** A restart was decided: number `count` of `intensity` in the period, after at most `delayMs`, with these others. */
  | {
      readonly kind: 'restarting';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly count: number;
      readonly intensity: number;
      readonly periodMs: number;
      readonly delayMs: number;
      readonly others: readonly string[];
    }
  /** Stopped by its supervisor; `durationMs`: from asking to gone. `expected: false`: not as it was told to. */
  | {
      readonly kind: 'stopped';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly durationMs: number;
      readonly expected: boolean;
    }
  /** Restart number `count` was one too many: the supervisor ends with `shutdown`. */
  | {
      readonly kind: 'escalated';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly count: number;
      readonly intensity: number;
      readonly periodMs: number;
    }
  /** A significant child's end ends the supervisor with `shutdown`. */
  | { readonly kind: 'autoShutdown'; readonly id: string; readonly incarnation: number };

/** The history of an apply, at the supervisor that was asked for it. */
export type ApplyEvent =
  /** A new spec is being applied; what is stopped and started follows, below this supervisor too. */
  | { readonly kind: 'applying' }
  | { readonly kind: 'applied'; readonly durationMs: number }
  /** Something did not start: `reason` says which. `restored`: whether all that ran before runs again. */
  | {
      readonly kind: 'apply-undone';
      readonly reason: ExitReason;
      readonly durationMs: number;
      readonly restored: boolean;
    };

/** What a supervisor wants done. */
export type SupervisorEffect =
  | {
      readonly type: 'startChild';
      readonly id: string;
      readonly incarnation: number;
      readonly spec: ChildSpec;
      /** Further arguments of a dynamic child. */
      readonly extra: OpaqueValue | undefined;
    }
  /** Ask with reason `shutdown`, wait, kill; or kill with reason `killed` at once. Then `childEnded`. */
  | {
      readonly type: 'stopChild';
      readonly id: string;
      readonly incarnation: number;
      readonly shutdown: Shutdown;
    }
  /** To a child that is a supervisor. */
  | {
      readonly type: 'askChild';
      readonly id: string;
      readonly incarnation: number;
      readonly operation: SupervisorOperation;
    }
  /** Fires once as `timer` after `delayMs − random01 · jitterMs`. */
  | { readonly type: 'setTimer'; readonly key: string; readonly delayMs: number; readonly jitterMs: number }
  | { readonly type: 'clearTimer'; readonly key: string }
  | { readonly type: 'reply'; readonly requestId: number; readonly result: SupervisorResult }
  /** Given in the same step as each `childEnded` and `childStartFailed`, and again if the answer changes:
   *  whether messages to this child's names are to be kept for its next incarnation. */
  | { readonly type: 'parking'; readonly id: string; readonly willRestart: boolean }
  | { readonly type: 'event'; readonly event: SupervisionEvent | ApplyEvent }
  /** All children run. */
  | { readonly type: 'started' }
  /** It did not start; what had been started is stopped again. */
  | { readonly type: 'failed'; readonly reason: ExitReason }
  /** It ran, and has ended with all its children. Nothing follows. */
  | { readonly type: 'ended'; readonly reason: ExitReason };

/**
 * A supervisor's logic. `step` owns the state that it is given and may change it in place (a flat
 * supervisor of thousands must not pay for all of them at each restart); the caller keeps only what
 * `step` returns. The same spec and the same events always give the same effects.
 */
export interface SupervisorLogic<State = unknown> {
  init(spec: SupervisorSpec): State;
  step(
    state: State,
    event: SupervisorEvent,
  ): { readonly state: State; readonly effects: readonly SupervisorEffect[] };
}
