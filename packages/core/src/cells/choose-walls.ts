/** What is asked for against what there is: a wall that is required and missing fails the start. */
import { HostError } from '../errors.js';
import { WALLS, type Machine, type ProbedWall, type WallName } from './walls.js';

export interface WantedWalls {
  readonly required: readonly WallName[];
  readonly preferred: readonly WallName[];
}

export interface ChosenWalls {
  readonly use: ReadonlySet<WallName>;
  /** Preferred ones that this machine does not offer. */
  readonly missing: readonly (ProbedWall & { readonly wall: WallName })[];
}

/** Throws `HostError` `host_unfit` if a required wall is missing; it names all that are. */
export function chooseWalls(wanted: WantedWalls, machine: Machine): ChosenWalls {
  const lacking = (names: readonly WallName[]): WallName[] =>
    names.filter((name) => !machine.walls[name].available);
  const refused = lacking(wanted.required);
  if (refused.length > 0) {
    const reasons = refused.map((name) => `${name} (${WALLS[name]}): ${machine.walls[name].why}`);
    throw new HostError('host_unfit', `this machine lacks walls that are required: ${reasons.join('; ')}`, {
      field: 'walls',
      value: refused,
      remedy: refused
        .map((name) => machine.walls[name].remedy ?? '')
        .join(' ')
        .trim(),
    });
  }
  const missing = lacking(wanted.preferred);
  const use = new Set([...wanted.required, ...wanted.preferred]);
  for (const name of missing) use.delete(name);
  return { use, missing: missing.map((wall) => ({ wall, ...machine.walls[wall] })) };
}
