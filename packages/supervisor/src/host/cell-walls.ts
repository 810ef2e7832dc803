/**
 * Before anything of a tree is started that has cells: what this machine offers for their walls is tried out,
 * once for each host, and one that is required and missing is told at once.
 */
import { SpecError } from '@espalier/core';
import { chooseWalls, type Machine } from '@espalier/core/internal/host.js';
import type { NormalisedNode } from '../spec/normalised.js';

export class CellWalls {
  readonly #probe: () => Promise<Machine>;
  readonly #underTestClock: boolean;
  #machine: Promise<Machine> | undefined;

  /** `probe` tries the machine out; it is called once, when that is needed. */
  constructor(probe: () => Promise<Machine>, underTestClock: boolean) {
    this.#probe = probe;
    this.#underTestClock = underTestClock;
  }

  /** Throws `HostError` `host_unfit`; `SpecError` `spec_not_built` under a test clock, whose time ends with the process. */
  async check(node: NormalisedNode): Promise<void> {
    const cells = cellsIn(node);
    const [first] = cells;
    if (first === undefined) return;
    if (this.#underTestClock) {
      const problem = 'is a process, which a test clock does not reach';
      const remedy = 'Leave `wall: process` out in tests under a test clock.';
      throw new SpecError('spec_not_built', `'${first.id}' ${problem}`, [
        { path: first.id, value: 'process', problem, remedy },
      ]);
    }
    this.#machine ??= this.#probe();
    const machine = await this.#machine;
    for (const { walls } of cells) chooseWalls(walls, machine);
  }
}

function cellsIn(node: NormalisedNode): readonly NormalisedNode[] {
  const below = node.kind === 'supervisor' ? node.children.flatMap(cellsIn) : [];
  return node.wall === 'process' ? [node, ...below] : below;
}
