/** Limits that are to be changed while their node runs: read as those of a spec are, and what becomes of the others. */
import { checkLimits, checkProcesses } from './conflicts.js';
import { isPlainObject } from './field.js';
import {
  CHANGEABLE_LIMIT_FIELDS,
  LIMIT_FIELDS,
  PROCESS_LIMIT_FIELDS,
  RESERVED_LIMIT_FIELDS,
} from './limit-fields.js';
import type { NormalisedEnvironment, NormalisedNode, NormalisedSupervisor } from './normalised.js';
import { readObject } from './object.js';
import { Problems } from './problems.js';
import { isIsolating } from './reservations.js';

/** Nodes that can have other limits while they run. */
export type Limited = NormalisedEnvironment | NormalisedSupervisor;

/**
 * The node with the limits that it has from now on; `given` says which are others.
 *
 * @throws SpecError `spec_invalid` with all problems.
 */
export function withLimits(node: NormalisedNode, given: unknown): Limited {
  const problems = new Problems();
  const place = { segments: ['limits'], problems, base: '' };
  const alone = node.kind === 'environment';
  const table = changeable(node);
  if (node.kind === 'pool' || (node.kind === 'supervisor' && node.wall !== 'process' && !isIsolating(node))) {
    const problem = `The node is a ${node.kind} ${node.kind === 'pool' ? 'of threads' : 'without a process of its own'}.`;
    const instead =
      node.kind === 'pool' ? 'Change its spec, and apply that.' : 'Give the path of a node below.';
    problems.add([], node.id, problem, instead);
  } else if (!isPlainObject(given) || Object.keys(given).length === 0) {
    const expected = `an object with some of ${Object.keys(table).join(', ')}`;
    problems.add(['limits'], given, `limits must be ${expected}.`, 'Write e.g. { memoryMb: 256 }.');
  }
  problems.throwIfAny('The change');
  const fixed = (key: string) =>
    alone && Object.hasOwn(LIMIT_FIELDS, key)
      ? 'It is fixed for a life: change it in the spec, and apply that.'
      : undefined;
  const owner = { on: node.kind, prefix: 'limits.', elsewhere: fixed };
  const read = readObject(given as Record<string, unknown>, table, owner, place);
  const limits: Record<string, unknown> = { ...node.limits, ...read };
  // A part of the heap follows it, where nothing is said of it.
  if (alone && read['youngMb'] === undefined)
    limits['youngMb'] = Math.min(limits['youngMb'] as number, limits['heapMb'] as number);
  if (alone) checkLimits({ limits }, { ...place, segments: [] });
  checkProcesses({ limits, walls: node.walls }, { ...place, segments: [] });
  problems.throwIfAny('The change');
  return Object.freeze({ ...node, limits: Object.freeze(limits) }) as unknown as Limited;
}

/** All that can be changed of a node, as `given` has it where it says something. @throws SpecError `spec_invalid`. */
export function wholeLimits(node: NormalisedNode, given: unknown): Readonly<Record<string, number | string>> {
  const { limits } = given === undefined ? node : withLimits(node, given);
  const fields = Object.entries(limits).filter(([field]) => Object.hasOwn(changeable(node), field));
  return Object.fromEntries(fields);
}

function changeable(node: NormalisedNode) {
  if (node.kind === 'environment') return CHANGEABLE_LIMIT_FIELDS;
  return isIsolating(node) ? RESERVED_LIMIT_FIELDS : PROCESS_LIMIT_FIELDS;
}
