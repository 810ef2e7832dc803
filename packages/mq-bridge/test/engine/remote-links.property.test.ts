/** An exported environment hears of each end elsewhere once, whatever comes in whatever order, and however slowly ties are made. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Address, ExitReason } from '@espalier/core';
import { RemoteLinks } from '../../src/engine/remote-links.js';
import type { Tie } from '../../src/engine/tie.js';

const TARGET = {} as Address;
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Ties that are made when the test lets them, and what the environment hears. */
class World {
  readonly heard: string[] = [];
  readonly due: (() => void)[] = [];
  failed = 0;
  /** In force, or about to be. */
  open = 0;
  isFull = false;
  readonly links = new RemoteLinks({
    local: {
      sendExit: (target, { tag }) => {
        expect(target).toBe(TARGET);
        this.heard.push(tag);
      },
      tie: () =>
        new Promise<Tie>((resolve, reject) => {
          const { isFull } = this;
          this.due.push(() => {
            if (isFull) reject(new Error('one too many'));
            else resolve(this.#tie());
          });
        }),
    },
    target: TARGET,
    failed: () => this.failed++,
  });

  async settle(): Promise<void> {
    await quiet();
    while (this.due.length > 0) {
      this.due.shift()?.();
      await quiet();
    }
  }

  #tie(): Tie {
    this.open++;
    let isOver = false;
    const over = (): void => {
      expect(isOver).toBe(false);
      isOver = true;
      this.open--;
    };
    return {
      end: ({ tag }: ExitReason) => {
        over();
        this.heard.push(tag);
      },
      undo: over,
    };
  }
}

describe('who is linked from elsewhere', () => {
  test.each(['error', 'killed'] as const)('is told as `%s` once, as the last and not', async (tag) => {
    const world = new World();
    void world.links.link('h');
    for (const isLast of [false, true]) {
      const told = world.links.exit('h', { tag }, isLast);
      await world.settle();
      await told;
    }
    world.links.lost(['h']);
    await world.settle();
    expect([world.heard, world.open]).toEqual([[tag, tag], 0]);
  });

  test('is lost with his host, once, as are all when the bridge stops', async () => {
    const world = new World();
    for (const host of ['g', 'h', 'h', 'i']) void world.links.link(host);
    world.links.lost(['h']);
    world.links.lost(['h']);
    world.links.unlink('i');
    await world.settle();
    expect([world.heard, world.open]).toEqual([['noconnection'], 1]);
    world.links.lost();
    await world.settle();
    expect([world.heard, world.open]).toEqual([['noconnection', 'noconnection'], 0]);
  });

  test('is counted where the tie cannot be made, and his end is told all the same if it can', async () => {
    const world = new World();
    world.isFull = true;
    void world.links.link('h');
    await world.settle();
    world.isFull = false;
    await world.links.exit('h', { tag: 'shutdown' }, true);
    world.links.lost(['h']);
    await world.settle();
    expect([world.failed, world.heard, world.open]).toEqual([1, ['shutdown'], 0]);
  });

  test('is told as often as he ends, and hosts that are lost with links once each', async () => {
    const host = fc.constantFrom('g', 'h');
    const tag = fc.constantFrom<ExitReason['tag']>('normal', 'error', 'killed', 'limit');
    const steps = fc.array(
      fc.oneof(
        fc.record({ what: fc.constantFrom('link', 'unlink', 'lost', 'turn'), host, tag }),
        fc.record({ what: fc.constant('exit'), host, tag }),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const world = new World();
        /** As the other hosts have it. */
        const linked = new Map<string, number>();
        const expected: string[] = [];
        for (const { what, host: of, tag: why } of taken) {
          const count = linked.get(of) ?? 0;
          if (what === 'link') {
            if (count === 0) void world.links.link(of);
            linked.set(of, count + 1);
          } else if (what === 'unlink' && count > 0) {
            linked.set(of, count - 1);
            if (count === 1) world.links.unlink(of);
          } else if (what === 'exit' && count > 0) {
            linked.set(of, count - 1);
            expected.push(why);
            void world.links.exit(of, { tag: why }, count === 1);
          } else if (what === 'lost') {
            linked.delete(of);
            if (count > 0) expected.push('noconnection');
            world.links.lost([of]);
          } else if (what === 'turn') {
            world.due.shift()?.();
            await quiet();
          }
        }
        await world.settle();
        expect([...world.heard].sort()).toEqual(expected.sort());
        expect(world.open).toBe([...linked.values()].filter((count) => count > 0).length);
      }),
      { numRuns: 300 },
    );
  });
});
