/** A line of the logs as people read it: what was printed as it is, a record with its level and its fields. */
import type { LogLine } from '@espalier/supervisor/client';
import type { Paint } from './colour.js';

const COLOURS = { debug: 'dim', info: 'dim', warn: 'yellow', error: 'red' } as const;

export function logLineText({ text, level, fields, incomplete }: LogLine, paint: Paint): string {
  if (level === undefined) return text;
  const facts = Object.entries(fields ?? {}).map(
    ([name, value]) => `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const note = incomplete === undefined ? '' : paint('dim', `  (${incomplete})`);
  // What has several lines must not look as if somebody else had logged the others.
  const told = `${text}${facts.join('')}`.replaceAll('\n', '\n    ');
  return `${paint(COLOURS[level], level)} ${told}${note}`;
}
