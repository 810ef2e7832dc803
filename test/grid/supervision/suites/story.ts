/**
 * Every start, failure, restart, escalation and stop is one event, with reason, incarnation, count in the
 * period and duration: the whole life of a tree, word for word and in order.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Supervised, SupervisionHarness } from '../harness.js';
import { linesOf } from '../story.js';

const PERIOD = { intensity: 3, periodMs: 60_000 };
const BACKOFF = { initialMs: 100, factor: 2, maxMs: 1000, jitter: 0, resetAfterMs: 60_000 };
const SHUTDOWN = { tag: 'shutdown' };
const KILLED = { tag: 'killed' };

export function story(harness: SupervisionHarness): void {
  describe('the history of a tree', () => {
    let tree: Supervised;
    afterEach(() => tree.close());

    /** Exactly so long where time is the test's; elsewhere at least, but for what timers round off. */
    const ms = (atLeast: number): unknown => (harness.ownsTime ? atLeast : new AtLeast(atLeast - 2));

    test('is told completely, in order, and with all facts', async () => {
      tree = await harness.start({
        name: 'tree',
        children: [
          { id: 'clerk', module: './clerk.ts' },
          {
            id: 's',
            strategy: 'rest_for_one',
            ...PERIOD,
            backoff: BACKOFF,
            children: [
              { id: 'a', module: './slow.ts', args: { readyAfterMs: 20, failing: [1] } },
              { id: 'b', module: './slow.ts', args: { readyAfterMs: 30, endAfterMs: 10 } },
              { id: 'c', module: './victim.ts', restart: 'transient' },
            ],
          },
        ],
      });
      let told = 0;
      /** What was told since the last call; this line of this supervisor is the last that is expected. */
      const news = async (path: string, last: string): Promise<readonly unknown[]> => {
        await tree.reported((events) => linesOf(events.slice(told), path).includes(last));
        await tree.caughtUp();
        const events = tree.events.slice(told);
        told = tree.events.length;
        return events;
      };
      const at = (path: string) => (event: object) => ({ kind: 'supervision', path, event });
      const inS = at('tree/s');
      const inTree = at('tree');

      expect(await news('tree', 's#1 started')).toEqual([
        inTree({ kind: 'started', id: 'clerk', incarnation: 1, durationMs: ms(0) }),
        inS({ kind: 'started', id: 'a', incarnation: 1, durationMs: ms(20) }),
        inS({ kind: 'started', id: 'b', incarnation: 1, durationMs: ms(30) }),
        inS({ kind: 'started', id: 'c', incarnation: 1, durationMs: ms(0) }),
        inTree({ kind: 'started', id: 's', incarnation: 1, durationMs: ms(50) }),
      ]);

      await tree.end('tree/s/a', 'a', 'being killed');
      const failed = { kind: 'failed', id: 'a', willRestart: true };
      const restarting = { kind: 'restarting', id: 'a', ...PERIOD, others: ['b', 'c'] };
      const stopped = { kind: 'stopped', reason: SHUTDOWN, expected: true };
      const restarted = { kind: 'restarted', count: 2 };
      const reason = { tag: 'error', detail: expect.objectContaining({ message: 'as planned' }) };
      expect(await news('tree/s', 'c#2 restarted')).toEqual([
        inS({ ...failed, incarnation: 1, phase: 'run', reason: KILLED, durationMs: ms(30) }),
        inS({ ...restarting, incarnation: 1, reason: KILLED, count: 1, delayMs: 100 }),
        inS({ ...stopped, id: 'c', incarnation: 1, durationMs: ms(0) }),
        inS({ ...stopped, id: 'b', incarnation: 1, durationMs: ms(10) }),
        inS({ ...failed, incarnation: 2, phase: 'start', reason, durationMs: ms(20) }),
        inS({ ...restarting, incarnation: 2, reason, count: 2, delayMs: 200 }),
        inS({ ...restarted, id: 'a', incarnation: 3, durationMs: ms(20) }),
        inS({ ...restarted, id: 'b', incarnation: 2, durationMs: ms(30) }),
        inS({ ...restarted, id: 'c', incarnation: 2, durationMs: ms(0) }),
      ]);

      await tree.end('tree/s/c', 'c', 'shutdown with a detail');
      const detail = { tag: 'shutdown', detail: 'x' };
      expect(await news('tree/s', 'c#2 ended: shutdown')).toEqual([
        inS({
          kind: 'ended',
          id: 'c',
          incarnation: 2,
          reason: detail,
          durationMs: ms(0),
          willRestart: false,
        }),
      ]);

      await tree.end('tree/s/b', 'b', 'being killed');
      const b = { id: 'b', incarnation: 2, reason: KILLED };
      expect(await news('tree/s', 'c#3 restarted')).toEqual([
        inS({ ...failed, ...b, phase: 'run', durationMs: ms(0) }),
        inS({ ...restarting, ...b, count: 3, delayMs: 100, others: ['c'] }),
        inS({ kind: 'restarted', id: 'b', incarnation: 3, durationMs: ms(30), count: 3 }),
        inS({ kind: 'restarted', id: 'c', incarnation: 3, durationMs: ms(0), count: 3 }),
      ]);

      await tree.end('tree/s/a', 'a', 'being killed');
      const s = { id: 's', incarnation: 1, reason: SHUTDOWN };
      expect(await news('tree', 's#2 restarted')).toEqual([
        inS({ ...failed, incarnation: 3, phase: 'run', reason: KILLED, durationMs: ms(160) }),
        inS({ kind: 'escalated', id: 'a', incarnation: 3, reason: KILLED, count: 4, ...PERIOD }),
        inS({ ...stopped, id: 'c', incarnation: 3, durationMs: ms(0) }),
        inS({ ...stopped, id: 'b', incarnation: 3, durationMs: ms(10) }),
        inTree({ kind: 'ended', ...s, durationMs: ms(510), willRestart: true }),
        inTree({ kind: 'restarting', ...s, count: 1, intensity: 1, periodMs: 5000, delayMs: 0, others: [] }),
        inS({ kind: 'started', id: 'a', incarnation: 1, durationMs: ms(20) }),
        inS({ kind: 'started', id: 'b', incarnation: 1, durationMs: ms(30) }),
        inS({ kind: 'started', id: 'c', incarnation: 1, durationMs: ms(0) }),
        inTree({ kind: 'restarted', id: 's', incarnation: 2, durationMs: ms(50), count: 1 }),
      ]);

      await tree.close();
      expect(tree.events.slice(told)).toEqual([
        inS({ ...stopped, id: 'c', incarnation: 1, durationMs: ms(0) }),
        inS({ ...stopped, id: 'b', incarnation: 1, durationMs: ms(10) }),
        inS({ ...stopped, id: 'a', incarnation: 1, durationMs: ms(0) }),
        inTree({ ...stopped, id: 's', incarnation: 2, durationMs: ms(10) }),
        inTree({ ...stopped, id: 'clerk', incarnation: 1, durationMs: ms(0) }),
        { kind: 'tree-ended', path: 'tree', reason: SHUTDOWN },
      ]);
    });
  });
}

/** Equal to every number that is not smaller. */
class AtLeast {
  readonly $$typeof = Symbol.for('jest.asymmetricMatcher');
  readonly #least: number;

  constructor(least: number) {
    this.#least = least;
  }

  asymmetricMatch(value: unknown): boolean {
    return typeof value === 'number' && value >= this.#least;
  }

  toString(): string {
    return 'AtLeast';
  }

  toAsymmetricMatcher(): string {
    return `at least ${this.#least}`;
  }
}
