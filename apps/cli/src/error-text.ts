/** An error as the user reads it: where, what stands there, what is wrong with it, the code, and what to do. */
import { EspalierError, SpecError, type ExitReason, type SpecProblem } from '@espalier/core';
import { plain } from './harmless.js';
import { reasonText } from './reason-text.js';

/** What a program is told to do is not what somebody at a shell can do. */
const AT_A_SHELL: Readonly<Record<string, string>> = {
  down: 'See `espalier events` for whether it was started again, and try once more.',
  noproc: 'Ask `espalier tree` for the paths of those that are there.',
  not_found: 'Ask `espalier tree` for the paths of those that are there.',
  start_failed: 'Mend its module or its arguments; see `espalier logs` for what it has printed.',
};

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
  /** Told with `--json`. */
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
    return {
      code,
      message,
      problems: [known ?? { path, value, remedy: AT_A_SHELL[code] ?? remedy, reason }],
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'unexpected', message, problems: [] };
}

function specProblem(problem: SpecProblem & Located, source: string): ReportedProblem {
  const { path, value, remedy, line, column } = problem;
  const where = line === undefined ? source : `${source}:${line}:${column ?? 1}`;
  return { where, path: path === '' ? undefined : path, value, problem: problem.problem, remedy };
}

/** One problem is one line; of several, each has one of its own. */
export function errorText({ code, message, problems }: ErrorReport): string {
  const [first, ...more] = problems;
  if (first === undefined) return plain(`espalier: ${message} (${code})`);
  if (more.length === 0)
    return plain(`espalier: ${problemLine(first, first.problem ?? message, ` (${code})`)}`);
  const lines = problems.map((one) => plain(problemLine(one, one.problem ?? '', '')));
  return [`espalier: ${message} (${code})`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** What was given stands in the problem itself, where that helps; all of it is there with `--json`. */
function problemLine(reported: ReportedProblem, problem: string, code: string): string {
  const { where, path, reason, remedy } = reported;
  const isNamed = path === undefined || problem.includes(`'${path}'`);
  const place = [where, isNamed ? undefined : path].filter((part) => part !== undefined).join(', ');
  const why = reason === undefined ? '' : `: ${reasonText(reason)}`;
  const told = `${problem.replace(/\.$/, '')}${why}${code}`;
  return `${place === '' ? '' : `${place}: `}${told}${remedy === undefined ? '' : `. ${remedy}`}`;
}
