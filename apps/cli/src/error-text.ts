/** An error as the user reads it: code and message, then where, what stands there, and what to do. */
import { EspalierError, SpecError, type ExitReason, type SpecProblem } from '@espalier/core';
import { jsonValue } from '@espalier/supervisor/client';
import { reasonText } from './reason-text.js';

/** Where in a file, which problems of a spec that came from one have. */
interface Located {
  readonly line?: number;
  readonly column?: number;
}

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly problems: readonly ReportedProblem[];
}

export interface ReportedProblem {
  readonly where?: string | undefined;
  readonly path?: string | undefined;
  readonly value?: unknown;
  readonly problem?: string | undefined;
  readonly remedy?: string | undefined;
  readonly reason?: ExitReason | undefined;
}

/** `source` is the spec file; `known` what is known besides about an error that is not the spec's. */
export function errorReport(error: unknown, source: string, known?: ReportedProblem): ErrorReport {
  if (error instanceof SpecError) {
    const message =
      error.problems.length === 1
        ? 'the spec has a problem'
        : `the spec has ${error.problems.length} problems`;
    return {
      code: error.code,
      message,
      problems: error.problems.map((problem) => specProblem(problem, source)),
    };
  }
  if (error instanceof EspalierError) {
    const { code, message, path, value, remedy, reason } = error as EspalierError;
    return { code, message, problems: [known ?? { path, value, remedy, reason }] };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'unexpected', message, problems: [] };
}

function specProblem(problem: SpecProblem & Located, source: string): ReportedProblem {
  const { path, value, remedy, line, column } = problem;
  const where = line === undefined ? source : `${source}:${line}:${column ?? 1}`;
  return { where, path: path === '' ? undefined : path, value, problem: problem.problem, remedy };
}

export function errorText({ code, message, problems }: ErrorReport): string {
  return [`espalier: ${message} (${code})`, ...problems.map(problemText)].join('\n');
}

function problemText({ where, path, value, problem, remedy, reason }: ReportedProblem): string {
  const rows: [string, string | undefined][] = [
    ['where', where],
    ['path', path],
    ['value', value === undefined ? undefined : JSON.stringify(jsonValue(value))],
    ['problem', problem],
    ['reason', reason === undefined ? undefined : reasonText(reason)],
    ['remedy', remedy],
  ];
  return rows
    .flatMap(([name, text]) => (text === undefined ? [] : [`  ${`${name}:`.padEnd(9)}${text}`]))
    .join('\n');
}
