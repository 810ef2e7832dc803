import { describe } from '@jest/globals';
import { grid } from './grid.js';
import { simulationHarness } from './simulation-harness.js';
import type { Walls } from './walls.js';

/** The conformance grid over loopback behind each of these walls, each under another order of events. */
export function simulated(all: readonly Walls[], firstSeed: number): void {
  for (const [n, walls] of all.entries()) {
    const harness = simulationHarness(firstSeed + n, walls);
    describe(harness.name, () => {
      grid(harness);
    });
  }
}
