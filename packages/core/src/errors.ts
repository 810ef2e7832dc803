/**
 * The error classes, by what the caller has lost: one call, one environment, one operation on a
 * supervisor, the whole spec, the host. `code` says which case it is (see error-codes.ts), the fields carry the facts; nobody needs
 * to match on the text, and nobody should.
 */
import {
  ERROR_CODES,
  type CallErrorCode,
  type EnvironmentErrorCode,
  type ErrorCode,
  type HostErrorCode,
  type SpecErrorCode,
  type SupervisionErrorCode,
} from './error-codes.js';
import type { ExitReason } from './exit-reason.js';

export interface ErrorFacts {
  /** Which option, argument or limit is meant. */
  readonly field?: string | undefined;
  /** What stood there; only plain, printable data. */
  readonly value?: unknown;
  /** Where inside a message or spec, e.g. `children[2].limits.heapMb`. */
  readonly path?: string | undefined;
  /** Why an environment ended, where that is the cause. */
  readonly reason?: ExitReason | undefined;
  /** Replaces the remedy of the code table where a better one is known. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

export abstract class EspalierError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly remedy: string;
  readonly field: string | undefined;
  readonly value: unknown;
  readonly path: string | undefined;
  readonly reason: ExitReason | undefined;

  constructor(code: C, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = facts.remedy ?? ERROR_CODES[code].remedy;
    this.field = facts.field;
    this.value = facts.value;
    this.path = facts.path;
    this.reason = facts.reason;
  }
}

/** One message or one call is lost; sender and receiver go on. */
export class CallError extends EspalierError<CallErrorCode> {}

/** One environment is lost or could not be started. */
export class EnvironmentError extends EspalierError<EnvironmentErrorCode> {}

/** A supervisor has refused an operation on its children; nothing was changed. */
export class SupervisionError extends EspalierError<SupervisionErrorCode> {}

/** The kernel, or the process or machine that carries it, cannot do what was asked. */
export class HostError extends EspalierError<HostErrorCode> {}

/** One thing that is wrong with a spec. */
export interface SpecProblem {
  /** Where it is, e.g. `children[2].limits.heapMb`; empty for the spec as a whole. */
  readonly path: string;
  /** What stands there. */
  readonly value: unknown;
  /** What is wrong with it, one sentence. */
  readonly problem: string;
  /** What to write instead, one sentence. */
  readonly remedy: string;
}

/** The spec is refused and nothing was started; `problems` lists everything that is wrong with it. */
export class SpecError extends EspalierError<SpecErrorCode> {
  readonly problems: readonly SpecProblem[];

  constructor(
    code: SpecErrorCode,
    message: string,
    problems: readonly SpecProblem[],
    facts: ErrorFacts = {},
  ) {
    const first = problems[0];
    super(code, message, { path: first?.path, value: first?.value, remedy: first?.remedy, ...facts });
    this.problems = problems;
  }
}
