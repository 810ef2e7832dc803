/** A difference as lines for people: what `espalier apply --check` prints. */
import type { Change, Difference } from './difference.js';
import type { FieldChange } from './field-changes.js';

/** Their values may be secrets, and long. */
const NOT_SHOWN = /^(?:args|env\.|bindings\.)/;
const LONGEST = 60;

const SIGN = { added: '+', removed: '-', moved: '>', changed: '~', restarted: '!', stopped: '!' } as const;

/** One line for each node, below it one for each of its fields, at last what it comes to. */
export function describeDifference({ changes }: Difference): string {
  const lines = changes.flatMap((change) => [line(change), ...fieldsOf(change).map(fieldLine)]);
  return [...lines, summary(changes)].join('\n');
}

function line(change: Change): string {
  return `${SIGN[change.what]} ${change.path}  ${says(change)}`;
}

function says(change: Change): string {
  switch (change.what) {
    case 'added':
      return change.template ? 'is a new template' : 'is started';
    case 'removed':
      return change.template
        ? 'is no template any more: its children are stopped'
        : 'is stopped and forgotten';
    case 'moved':
      return `is stopped as ${change.from} and started here`;
    case 'changed':
      if (!change.restarts) return 'is changed in place';
      return change.template
        ? 'is changed: its children are restarted, temporary ones run to their end as they are'
        : 'is restarted';
    case 'restarted':
      return `is restarted along with ${change.because}`;
    case 'stopped':
      return `is stopped along with ${change.because}, and not started again: it is temporary`;
  }
}

function fieldsOf(change: Change): readonly FieldChange[] {
  return 'fields' in change ? change.fields : [];
}

function fieldLine({ field, from, to }: FieldChange): string {
  if (field === 'code') return '    code: has changed';
  if (NOT_SHOWN.test(field)) return `    ${field}: has changed`;
  return `    ${field}: ${shown(from)} -> ${shown(to)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 3)}...`;
}

function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return 'nothing changes';
  const counts = [
    ['added', (change: Change) => change.what === 'added'],
    ['removed', (change: Change) => change.what === 'removed'],
    ['moved', (change: Change) => change.what === 'moved'],
    [
      'restarted',
      (change: Change) => change.what === 'restarted' || (change.what === 'changed' && change.restarts),
    ],
    ['stopped', (change: Change) => change.what === 'stopped'],
    ['changed in place', (change: Change) => change.what === 'changed' && !change.restarts],
  ] as const;
  const parts = counts.map(([name, counted]) => [name, changes.filter(counted).length] as const);
  return parts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
