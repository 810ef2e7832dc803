/**
 * What a cell may count on for cells of its own, without a probe: it would take as long as a start of Node.
 *
 * What the cell's own walls may have taken away counts as missing. A cgroup of its own would lie beside the
 * cell's, and so lead out of its limits; without one, a cell inside stays in the cgroup of the one around it.
 */
import { CONTROLLERS, NAMESPACES, type Machine, type ProbedWall, type WallName } from './walls.js';

const CHANGING: readonly WallName[] = ['user', 'proc', 'otherUser', ...NAMESPACES];
/** Of Node itself, or what can be done by whoever does it to itself. */
const EVERYWHERE: readonly WallName[] = ['rlimits', 'deathSignal', 'oomScore', 'permission'];

export function machineInside(machine: Machine, walls: ReadonlySet<WallName>): Machine {
  const changed = CHANGING.some((wall) => walls.has(wall));
  const divided = CONTROLLERS.some((wall) => walls.has(wall));
  if (!changed && !divided) return machine;
  const lost = (wall: WallName): boolean => {
    if ((CONTROLLERS as readonly WallName[]).includes(wall)) return true;
    return changed && !EVERYWHERE.includes(wall);
  };
  const within = Object.entries(machine.walls).map(([wall, probed]): [string, ProbedWall] => [
    wall,
    probed.available && lost(wall as WallName) ? INSIDE : probed,
  ]);
  return { ...machine, walls: Object.fromEntries(within) as Machine['walls'], cgroups: {} };
}

const INSIDE: ProbedWall = {
  available: false,
  why: 'it cannot be counted on behind the walls of the cell around it',
  remedy: 'Ask for it on the outer cell.',
};
