/** An error as `--json` tells it: the problem document of the API, on one line. */
import { problemOf } from '@espalier/supervisor/client';
import type { ReportedProblem } from './error-text.js';

/** `known` is what is known besides. */
export function problemText(error: unknown, known: ReportedProblem = {}): string {
  const { path, value, remedy, where } = known;
  const facts = { path, value, remedy, where };
  const given = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  return JSON.stringify({ ...problemOf(error), ...Object.fromEntries(given) });
}
