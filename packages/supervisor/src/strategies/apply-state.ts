/** What a supervisor knows of an apply under way. */
import type { ExitReason } from '@espalier/core';
import type { ChildSpec, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import type { Child } from './state.js';

/** What is to be done to get from one spec to another. */
export interface Plan {
  readonly target: SupervisorSpec;
  /** Whom the supervisor will have, in start order. */
  readonly next: Map<string, Child>;
  readonly specs: ReadonlyMap<Child, ChildSpec>;
  /** Supervisors that are changed below, and not stopped. */
  readonly below: ReadonlySet<Child>;
  /** Who goes, for now or for ever, and those below: last started first. */
  readonly stops: readonly Child[];
  readonly starts: ReadonlySet<Child>;
}

/** A child before the apply. */
export interface Former {
  /** With what it is started from, which a running temporary child does not keep. */
  readonly spec: ChildSpec;
  /** On the way back it is to run again, and can. */
  readonly runs: boolean;
}

export interface Apply {
  /** The request that is not answered yet. */
  requestId: number | null;
  /** Asked by the supervisor above. */
  readonly stepwise: boolean;
  readonly sinceMs: number;
  readonly formerSpec: SupervisorSpec;
  readonly former: ReadonlyMap<Child, Former>;
  plan: Plan;
  failure: ExitReason | null;
  undoing: boolean;
  /** Nothing has failed on the way back. */
  restored: boolean;
}
