/**
 * What a cell may count on for cells of its own, without a probe: it would take as long as a start of Node.
 *
 * What the cell's own walls may have taken away counts as missing: rights are gone in a user namespace and for another user,
 * and processes that are started behind `pid` alone have other numbers than /proc shows. A cgroup of its own would lie beside the
 * cell's, and so lead out of its limits; without one, a cell inside stays in the cgroup of the one around it.
 */
import { CONTROLLERS, NAMESPACES, type Machine, type ProbedWall, type WallName } from './walls.js';

const NAMESPACED: readonly WallName[] = ['proc', ...NAMESPACES];
const NEED_RIGHTS: readonly WallName[] = ['user', 'otherUser', ...NAMESPACED];

export function machineInside(machine: Machine, walls: ReadonlySet<WallName>): Machine {
  const has = (wall: WallName): boolean => walls.has(wall);
  const inUserNamespace = has('user') || (machine.inUserNamespace && NAMESPACED.some(has));
  const misnumbered = has('pid') && !has('proc');
  const withoutRights = inUserNamespace || has('otherUser') || misnumbered;
  const withoutCgroups = has('otherUser') || misnumbered || CONTROLLERS.some(has);
  const lost = [...(withoutRights ? NEED_RIGHTS : []), ...(withoutCgroups ? CONTROLLERS : [])];
  if (lost.length === 0) return machine;
  const within = Object.entries(machine.walls).map(([wall, probed]): [string, ProbedWall] => [
    wall,
    probed.available && lost.includes(wall as WallName) ? INSIDE : probed,
  ]);
  return {
    ...machine,
    walls: Object.fromEntries(within) as Machine['walls'],
    cgroups: withoutCgroups ? {} : machine.cgroups,
  };
}

const INSIDE: ProbedWall = {
  available: false,
  why: 'it cannot be counted on behind the walls of the cell around it',
  remedy: 'Ask for it on the outer cell.',
};
