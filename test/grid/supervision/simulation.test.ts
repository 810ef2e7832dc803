/** Supervision over loopback links: under three orders of events, and with nodes in processes of their own. */
import { describe } from '@jest/globals';
import { simulationHarness, THREADS, type Walls } from './simulation-harness.js';
import { supervision } from './suite.js';

const WALLS: readonly Walls[] = [
  { name: 'environments in cells', supervisors: 'thread', inCell: ({ kind }) => kind === 'environment' },
  { name: 'supervisors in cells', supervisors: 'process', inCell: ({ kind }) => kind === 'supervisor' },
  { name: 'all nodes in cells', supervisors: 'process', inCell: () => true },
  { name: 'isolated threads', supervisors: 'thread', inCell: () => false, isolated: true },
  { name: 'isolated cells', supervisors: 'process', inCell: () => true, isolated: true },
];

for (const [walls, seeds] of [[THREADS, [1, 2, 3]] as const, ...WALLS.map((one) => [one, [1]] as const)]) {
  for (const seed of seeds) {
    const harness = simulationHarness(seed, walls);
    describe(harness.name, () => {
      supervision(harness);
    });
  }
}
