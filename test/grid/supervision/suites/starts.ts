/** Starts: in order, within their time, undone if one fails; restarts: tried again, and nobody else waits for them. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Puppet } from '../../../../packages/core/test/conformance/puppets.js';
import type { Supervised, SupervisionHarness } from '../harness.js';
import { linesOf, linesOfTree } from '../story.js';

const PUPPET = '../../../../packages/core/test/conformance/modules/puppet.ts';

export function starts(harness: SupervisionHarness): void {
  describe('a tree that does not come up', () => {
    const slow = (id: string, readyAfterMs: number) => ({ id, module: './slow.ts', args: { readyAfterMs } });
    const TOO_LONG = { tag: 'error', detail: 'the start took longer than startTimeoutMs' };
    const failedToStart = (id: string, reason: object) => ({
      tag: 'shutdown',
      detail: { failedToStart: id, reason },
    });

    test('is stopped again in reverse order, and its root says which child failed, and why', async () => {
      const tree = await harness.start({
        name: 'tree',
        children: [
          { id: 'a', module: './victim.ts' },
          { id: 'clerk', module: './clerk.ts' },
          {
            id: 's',
            children: [
              { id: 'b', module: './victim.ts' },
              { id: 'c', module: './slow.ts', args: { readyAfterMs: 0, failing: [0] } },
            ],
          },
          { id: 'd', module: './victim.ts' },
        ],
      });
      const planned = { tag: 'error', detail: expect.objectContaining({ message: 'as planned' }) };
      expect(tree.failure).toEqual(failedToStart('s', failedToStart('c', planned)));
      expect(linesOfTree(tree.events)).toEqual([
        'tree: a#1 started',
        'tree: clerk#1 started',
        'tree/s: b#1 started',
        'tree/s: c#1 failed to start: error',
        'tree/s: b#1 stopped: shutdown',
        'tree: s#1 failed to start: shutdown',
        'tree: clerk#1 stopped: shutdown',
        'tree: a#1 stopped: shutdown',
      ]);
      expect(tree.events.at(-1)).toMatchObject({
        kind: 'tree-ended',
        path: 'tree',
        reason: { tag: 'shutdown' },
      });
      await tree.close();
    });

    test('an environment that takes longer than it may is ended, and that is why the start failed', async () => {
      const tree = await harness.start({
        name: 'tree',
        children: [{ ...slow('a', 5000), startTimeoutMs: 100 }],
      });
      expect(tree.failure).toEqual(failedToStart('a', TOO_LONG));
      await tree.close();
    });

    test('so is a supervisor, with all that it had started', async () => {
      const tree = await harness.start({
        name: 'tree',
        children: [
          {
            id: 's',
            // Enough for the first of its children, on whatever machine; more where it is a process that starts.
            startTimeoutMs: harness.killsSilently ? 6000 : 2500,
            children: [{ id: 'a', module: './victim.ts' }, slow('b', 60_000)],
          },
        ],
      });
      expect(tree.failure).toEqual(failedToStart('s', TOO_LONG));
      const [first, ...others] = linesOf(tree.events, 'tree/s');
      expect(first).toBe('a#1 started');
      const told = harness.killsSilently ? [] : ['a', 'b'];
      expect([...others].sort()).toEqual(told.map((id) => `${id}#1 stopped: killed, not as told`));
      await tree.close();
    });
  });

  describe('a restart whose start fails', () => {
    let tree: Supervised;
    afterEach(() => tree.close());

    test('is tried again, and its supervisor serves others between the tries', async () => {
      tree = await harness.start({
        name: 'tree',
        intensity: 9,
        periodMs: 600_000,
        children: [
          { id: 'clerk', module: './clerk.ts' },
          { id: 'a', module: './slow.ts', args: { readyAfterMs: 50, failing: [1, 2, 3, 4, 5, 6] } },
        ],
      });
      await tree.end('tree/a', 'a', 'being killed');
      await tree.reported((events) =>
        linesOf(events, 'tree').includes('a#2 failed to start: error, will restart'),
      );
      expect(await tree.states('tree')).toEqual({ clerk: 'running', a: 'restarting' });
      await tree.startChild('tree', { id: 'b', module: './victim.ts' });
      expect(await tree.states('tree')).toEqual({ clerk: 'running', a: 'restarting', b: 'running' });
      await tree.reported((events) => linesOf(events, 'tree').includes('a#8 restarted'));
      expect(linesOf(tree.events, 'tree').filter((line) => line.startsWith('a restarting'))).toEqual(
        [1, 2, 3, 4, 5, 6, 7].map((count) => `a restarting: ${count} of 9`),
      );
    });

    // In a namespace of its own nobody else takes its name.
    const shared = harness.isolated === true ? () => undefined : test;
    shared(
      'for want of its name is tried again, too, however often: meanwhile the kernel serves the others',
      async () => {
        // So many restarts in so short a time that the budget is never used up.
        const budget = { intensity: 1_000_000, periodMs: 1 };
        tree = await harness.start({
          name: 'tree',
          children: [
            { id: 'squatter', module: PUPPET },
            {
              id: 's',
              strategy: 'rest_for_one',
              ...budget,
              children: [
                { id: 'a', module: './victim.ts' },
                { id: 'b', module: './victim.ts', restart: 'transient' },
              ],
            },
          ],
        });
        const squatter = new Puppet(tree, 'squatter');
        await tree.end('tree/s/b', 'b', 'normal');
        await tree.reported((events) => linesOf(events, 'tree/s').includes('b#1 ended: normal'));
        await squatter.get('register', 'b');
        await tree.end('tree/s/a', 'a', 'being killed');
        await tree.reported((events) =>
          linesOf(events, 'tree/s').includes('b#3 failed to start: error, will restart'),
        );
        await squatter.get('unregister', 'b');
        await tree.reported((events) => linesOf(events, 'tree/s').at(-1)?.endsWith(' restarted') === true);
        expect(await tree.states('tree/s')).toEqual({ a: 'running', b: 'running' });
        expect(await tree.settle(tree.context.whereis('b'))).toBeDefined();
      },
    );
  });
}
