/** More of it: `ESPALIER_CRASHES=200 npm test -- apps/daemon/test/crashes`; the same again: with the seed it prints. */
import { expect, test } from '@jest/globals';
import { changeUnderFire } from './crashing.js';
import { freshFolder, removeFolder } from './running-daemon.js';

const CHANGES = Number(process.env['ESPALIER_CRASHES'] ?? 25);
const SEED = Number(process.env['ESPALIER_SEED'] ?? Date.now() % 1_000_000);
/** Of one change with its kill and a start of the daemon, on a machine that does something else besides. */
const SLOWEST_MS = 15_000;

test(
  `kill -9 at random instants of ${CHANGES} applies and changes of limits loses none that was acknowledged and keeps none twice, seed ${SEED}`,
  async () => {
    const folder = freshFolder();
    try {
      const { kills, acknowledged, kept, runs, shouldRun } = await changeUnderFire({
        folder,
        changes: CHANGES,
        random: randomOf(SEED),
      });
      if (CHANGES > 25)
        console.log(`${kills} kills, ${acknowledged.length} acknowledged, ${kept.length} kept`);
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
      expect(acknowledged.filter((n) => !kept.includes(n))).toEqual([]);
      expect(runs).toEqual(shouldRun);
      expect(acknowledged.length).toBeGreaterThan(0);
    } finally {
      removeFolder(folder);
    }
  },
  CHANGES * SLOWEST_MS,
);

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
