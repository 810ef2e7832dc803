/**
 * The cell of a tree, started at once: while the kernel's thread comes up and the images are made. Where its spec asks
 * for walls that have to be tried out first, or the system has no process to give, the kernel starts it later.
 */
import { fileURLToPath } from 'node:url';
import {
  assumedMachine,
  chooseWalls,
  EarlyCell,
  firstThread,
  isAssumed,
  machineInside,
  START_TIMEOUT_MS,
  type CellSettings,
  type Clock,
  type KernelSettings,
  type SpareCounts,
  type WallLimits,
} from '@espalier/core/internal/host.js';
import { DEFAULTS, type NormalisedNode, type NormalisedTree } from '../spec/index.js';
import { wallLimits } from './wall-limits.js';

export interface EarlyCellParts extends KernelSettings {
  readonly clock: Clock;
  readonly spares: SpareCounts;
}

/** What the thread that a tree is likely to start first is limited to. */
export function limitsOfFirst(node: NormalisedNode): WallLimits | undefined {
  if (node.kind !== 'supervisor') return wallLimits(node.kind === 'pool' ? DEFAULTS.limits : node.limits);
  if (node.strategy === 'simple_one_for_one') return undefined;
  const here = node.children.filter(({ wall }) => wall === 'thread');
  return here.map(limitsOfFirst).find((limits) => limits !== undefined);
}

export function startEarlyCell(
  { name, root }: NormalisedTree,
  { clock, spares, ...settings }: EarlyCellParts,
): EarlyCell | undefined {
  const { required, preferred } = root.walls;
  if (required.length > 0 || !isAssumed(preferred)) return undefined;
  const machine = assumedMachine();
  const walls = chooseWalls(root.walls, machine).use;
  const { files } = settings;
  try {
    return new EarlyCell({
      file: fileURLToPath(files.compiledCell),
      code: files.cell,
      early: firstThread(files, spares, limitsOfFirst(root)),
      title: name,
      walls,
      machine,
      clock,
      startTimeoutMs: START_TIMEOUT_MS,
      settings: {
        ...settings,
        machine: machineInside(machine, walls),
        spares,
        changes: [],
      } satisfies CellSettings,
    });
  } catch {
    return undefined;
  }
}
