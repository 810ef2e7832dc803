/** Errors as documents of the admin API (RFC 9457), and back: a client throws what `Host` would have thrown. */
import {
  CallError,
  ERROR_CODES,
  EnvironmentError,
  EspalierError,
  HostError,
  SpecError,
  SupervisionError,
  type ErrorCode,
  type ErrorFacts,
  type ExitReason,
  type SpecProblem,
} from '@espalier/core';
import { jsonValue } from '../log-events/json-value.js';
import type { Problem } from './contract/schemas.js';

/** HTTP's words for what is the matter: 4xx, the request could be another; 5xx, it could not. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  request_malformed: 400,
  token_refused: 401,
  token_missing: 404,
  too_large: 413,
  full: 503,
  timeout: 504,
  noproc: 404,
  not_found: 404,
  revision_missing: 404,
  no_such_operation: 404,
  tree_absent: 409,
  already_started: 409,
  already_present: 409,
  running: 409,
  restarting: 409,
  simple_one_for_one: 409,
  max_children: 409,
  operation_refused: 409,
  apply_undone: 409,
  apply_broken: 409,
  shutdown: 409,
  daemon_fault: 500,
  down: 502,
  task_failed: 502,
  task_ended: 502,
  daemon_unreachable: 503,
  host_stopped: 503,
  not_ready: 503,
  kernel_fault: 503,
  state_unwritable: 507,
};

export function problemOf(error: unknown): Problem {
  if (!(error instanceof EspalierError)) {
    const { meaning, remedy } = ERROR_CODES.daemon_fault;
    const type = 'urn:espalier:problem:daemon_fault';
    return { type, title: meaning, status: 500, detail: meaning, code: 'daemon_fault', remedy };
  }
  const { code, message, remedy, field, value, path, reason } = error as EspalierError;
  return {
    type: `urn:espalier:problem:${code}`,
    title: ERROR_CODES[code].meaning,
    status: STATUS[code] ?? 422,
    detail: message,
    code,
    remedy,
    ...(field === undefined ? {} : { field }),
    ...(value === undefined ? {} : { value: jsonValue(value) }),
    ...(path === undefined || path === '' ? {} : { path }),
    ...(reason === undefined ? {} : { reason: withoutStacks(reason) }),
    ...(error instanceof SpecError ? { problems: error.problems.map(specProblem) } : {}),
  };
}

/** A reason is for people who mend the module; where in our files it was thrown is not for the wire. */
function withoutStacks({ tag, detail }: ExitReason): { tag: string; detail?: unknown } {
  return detail === undefined ? { tag } : { tag, detail: stackless(jsonValue(detail)) };
}

function stackless(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(stackless);
  const { stack: _stack, ...facts } = value as Record<string, unknown>;
  return Object.fromEntries(Object.entries(facts).map(([key, part]) => [key, stackless(part)]));
}

function specProblem(problem: SpecProblem & { readonly line?: number; readonly column?: number }) {
  const { value, ...facts } = problem;
  return { ...facts, ...(value === undefined ? {} : { value: jsonValue(value) }) };
}

type CodeOf<C extends new (code: never, ...rest: never[]) => EspalierError> = ConstructorParameters<C>[0];

export function errorOf(problem: Problem): EspalierError {
  const { code, detail, problems = [], remedy, field, value, path } = problem;
  const reason = problem.reason as ExitReason | undefined;
  const facts: ErrorFacts = { remedy, field, value, path, reason };
  const known: ErrorCode = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'daemon_fault';
  switch (ERROR_CODES[known].kind) {
    case 'call':
      return new CallError(known as CodeOf<typeof CallError>, detail, facts);
    case 'environment':
      return new EnvironmentError(known as CodeOf<typeof EnvironmentError>, detail, facts);
    case 'supervision':
      return new SupervisionError(known as CodeOf<typeof SupervisionError>, detail, facts);
    case 'spec':
      return new SpecError(
        known as CodeOf<typeof SpecError>,
        detail,
        problems as readonly SpecProblem[],
        facts,
      );
    case 'host':
      return new HostError(known as CodeOf<typeof HostError>, detail, facts);
  }
}
