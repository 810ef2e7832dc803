/** Five supervisors, one below the other, each with a witness beside the next; the leaf is below the last. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChildSpecInput, TreeSpec } from '@espalier/supervisor';
import type { Supervised, SupervisionHarness } from '../harness.js';
import { linesOf, linesOfTree } from '../story.js';

const MODULE = './victim.ts';
/** Longer than a test on a busy machine. */
const periodMs = 600_000;
const PATHS = ['tree', 'tree/s1', 'tree/s1/s2', 'tree/s1/s2/s3', 'tree/s1/s2/s3/s4'] as const;
const [TREE, S1, S2, S3, S4] = PATHS;

/** `intensities`: from the root down. */
function tower(intensities: readonly number[]): TreeSpec {
  let below: ChildSpecInput = { id: 'leaf', module: MODULE };
  for (let level = 4; level > 0; level--) {
    const witness = { id: `w${level}`, module: MODULE };
    below = {
      id: `s${level}`,
      intensity: intensities[level] as number,
      periodMs,
      children: [witness, below],
    };
  }
  return {
    name: 'tree',
    intensity: intensities[0] as number,
    periodMs,
    children: [{ id: 'w0', module: MODULE }, below],
  };
}

/** What follows when the leaf ends and nobody below the root bears it. */
const COLLAPSE = [
  `${S4}: leaf#1 failed: error, will restart`,
  `${S4}: escalated by leaf#1: 1 of 0`,
  `${S4}: w4#1 stopped: shutdown`,
  `${S3}: s4#1 ended: shutdown, will restart`,
  `${S3}: escalated by s4#1: 1 of 0`,
  `${S3}: w3#1 stopped: shutdown`,
  `${S2}: s3#1 ended: shutdown, will restart`,
  `${S2}: escalated by s3#1: 1 of 0`,
  `${S2}: w2#1 stopped: shutdown`,
  `${S1}: s2#1 ended: shutdown, will restart`,
  `${S1}: escalated by s2#1: 1 of 0`,
  `${S1}: w1#1 stopped: shutdown`,
];

export function escalation(harness: SupervisionHarness): void {
  describe('five levels of supervisors', () => {
    let tree: Supervised;
    afterEach(() => tree.close());

    const crash = () => tree.end(`${S4}/leaf`, 'leaf', 'a crash');
    const lives = () => {
      const names = ['w0', 'w1', 'w2', 'w3', 'w4', 'leaf'];
      return tree.settle(Promise.all(names.map((name) => tree.context.whereis(name))));
    };

    test('a failure that no level bears goes up to the root: what is beside ends on the way, and starts again in order', async () => {
      tree = await harness.start(tower([1, 0, 0, 0, 0]));
      const [witness, ...others] = await lives();
      const begun = linesOfTree(tree.events).length;

      await crash();
      await tree.reported((events) => linesOf(events, TREE).includes('s1#2 restarted'));
      expect(linesOfTree(tree.events).slice(begun)).toEqual([
        ...COLLAPSE,
        `${TREE}: s1#1 ended: shutdown, will restart`,
        `${TREE}: s1 restarting: 1 of 1`,
        `${S1}: w1#1 started`,
        `${S2}: w2#1 started`,
        `${S3}: w3#1 started`,
        `${S4}: w4#1 started`,
        `${S4}: leaf#1 started`,
        `${S3}: s4#1 started`,
        `${S2}: s3#1 started`,
        `${S1}: s2#1 started`,
        `${TREE}: s1#2 restarted`,
      ]);
      const [survivor, ...reborn] = await lives();
      expect(survivor).toBe(witness);
      for (const [at, life] of reborn.entries()) {
        expect(life).toBeDefined();
        expect(life).not.toBe(others[at]);
      }

      const again = linesOfTree(tree.events).length;
      await crash();
      await tree.reported((events) => events.some(({ kind }) => kind === 'tree-ended'));
      expect(linesOfTree(tree.events).slice(again)).toEqual([
        ...COLLAPSE,
        `${TREE}: s1#2 ended: shutdown, will restart`,
        `${TREE}: escalated by s1#2: 2 of 1`,
        `${TREE}: w0#1 stopped: shutdown`,
      ]);
      expect(tree.events.at(-1)).toEqual({ kind: 'tree-ended', path: 'tree', reason: { tag: 'shutdown' } });
      expect((await lives()).filter((life) => life !== undefined)).toEqual([]);
    });

    test('each level has a budget of its own, which is new with each of its lives', async () => {
      const intensities = [1, 2, 0, 1, 1];
      tree = await harness.start(tower(intensities));
      const restarts = () => linesOfTree(tree.events).filter((line) => line.endsWith('restarted')).length;
      const over = () => tree.events.some(({ kind }) => kind === 'tree-ended');
      let crashes = 0;
      while (!over()) {
        const before = restarts();
        await crash();
        crashes += 1;
        await tree.reported(() => restarts() > before || over());
      }
      // Each level doubles, or trebles, what it takes to bring down the one above it.
      expect(crashes).toBe(2 * 3 * 1 * 2 * 2);
      const counts = (what: string) =>
        PATHS.map((path) => linesOf(tree.events, path).filter((line) => line.includes(what)).length);
      expect(counts('escalated')).toEqual([1, 2, 6, 6, 12]);
      expect(counts('restarted')).toEqual([1, 4, 0, 6, 12]);
    });
  });
}
