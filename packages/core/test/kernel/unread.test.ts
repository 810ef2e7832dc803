/** What had left its sender before a signal was sent lies in the mailbox when that acts, whatever is between them. */
import { expect, test } from '@jest/globals';
import { endOf, lost, Puppet } from '../conformance/puppets.js';
import { simulationHarness } from '../conformance/simulation-harness.js';
import { GROUPED, ISOLATED, MIXED, THREADS, type Walls } from '../conformance/walls.js';

// Without what makes it so, one to seven of 120 orders lost it, as the placement was; of threads two of 150.
const ALL: readonly Walls[] = [...GROUPED, ...ISOLATED, ...Object.values(MIXED)];
const CELLS = ALL.filter(
  ({ siblings, wall, together = false }) => siblings === 'group' && (wall === 'process' || together),
);

test.each([[THREADS.name, THREADS, 150] as const, ...CELLS.map((walls) => [walls.name, walls, 75] as const)])(
  'unread: what is under way to one that ends is counted with what lies there (%s)',
  async (_name, walls, orders) => {
    for (let seed = 1; seed <= orders; seed++) {
      const grid = await simulationHarness(seed, walls).start([
        { id: 'a', module: 'puppet' },
        { id: 'q', module: 'quitter' },
      ]);
      await new Puppet(grid, 'a').do(['sendMany', 'q', 5], ['whereis', 'q']);
      await endOf(grid, 'q', () => {
        grid.context.sendExit('q', { tag: 'normal' });
      });
      await grid.close();
      expect([seed, lost(grid.events, 'unread')]).toEqual([seed, 5]);
    }
  },
  60_000,
);
