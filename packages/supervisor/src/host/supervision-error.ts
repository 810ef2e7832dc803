/** What a supervisor says no with, as an error for the application. */
import { EnvironmentError, SupervisionError } from '@espalier/core';
import { decodeReason } from '@espalier/core/internal/host.js';
import type {
  SupervisorErrorName,
  SupervisorOperation,
  SupervisorResult,
} from '@espalier/core/internal/supervisor-logic.js';

/** Who was asked, and about whom. */
export interface Asked {
  /** Its path. */
  readonly supervisor: string;
  /** The child's; none for one more of a template. */
  readonly id?: string;
  /** What `startChild` was given. */
  readonly given?: object;
}

type OperationName = SupervisorOperation['op'];

type Refusal = Extract<SupervisorResult, { readonly ok: false }>;

interface Facts {
  readonly text: string;
  readonly field?: string;
  readonly value?: unknown;
}

export function refusalOf(
  asked: Asked,
  op: OperationName,
  refusal: Refusal,
): SupervisionError | EnvironmentError {
  const { error } = refusal;
  if (error === 'start_failed') {
    const reason = refusal.reason === undefined ? undefined : decodeReason(refusal.reason);
    const child = asked.id === undefined ? `a child of '${asked.supervisor}'` : `'${pathOf(asked)}'`;
    return new EnvironmentError('start_failed', `${child} could not be started`, {
      reason,
      cause: reason?.detail,
    });
  }
  const { text, ...facts } = SAYS[error](asked, refusal, op);
  return new SupervisionError(error, text, facts);
}

function pathOf({ supervisor, id }: Asked): string {
  return id === undefined ? supervisor : `${supervisor}/${id}`;
}

const ofPath = (asked: Asked, says: string): Facts => ({
  text: `'${pathOf(asked)}' ${says}`,
  field: 'path',
  value: pathOf(asked),
});

const ofId = (asked: Asked, says: string): Facts => ({
  text: `'${pathOf(asked)}' ${says}`,
  field: 'id',
  value: asked.id,
});

const SAYS = {
  already_started: (asked) => ofId(asked, 'is there already, and runs'),
  already_present: (asked) => ofId(asked, 'is there already, and does not run'),
  running: (asked) => ofPath(asked, 'runs'),
  restarting: (asked) => ofPath(asked, 'is about to run again'),
  not_found: (asked) => ofPath(asked, 'is not there'),
  simple_one_for_one: (asked, _refusal, op) =>
    ofPath(asked, `is a template or made from one, so it has no ${op}`),
  max_children: ({ supervisor }) => ({
    text: `'${supervisor}' has as many children as its maxChildren allows`,
    field: 'maxChildren',
  }),
  bad_combination: (asked, { fields: [field, other] = ['child', 'supervisor'] }) => ({
    text: `\`${field}\` of '${pathOf(asked)}' and \`${other}\` contradict each other`,
    field,
    value: (asked.given as Readonly<Record<string, unknown>> | undefined)?.[field],
  }),
  bad_argument: ({ supervisor, id }) =>
    id === undefined
      ? { text: `'${supervisor}' has no template, or none that takes arguments`, field: 'args' }
      : { text: `'${supervisor}' makes its children from its template`, field: 'child', value: id },
  shutdown: ({ supervisor }) => ({ text: `'${supervisor}' is ending`, field: 'path', value: supervisor }),
} satisfies Record<
  Exclude<SupervisorErrorName, 'start_failed'>,
  (asked: Asked, refusal: Refusal, op: OperationName) => Facts
>;
