/**
 * Messages to a name whose holder is being restarted: kept by the sender, in order, within its credit,
 * through backoff, group restarts and giving up; and what becomes a dead letter.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChildSpecInput, TreeSpec } from '@espalier/supervisor';
import { errorOf, Puppet } from '../../../../packages/core/test/conformance/puppets.js';
import type { Supervised, SupervisionHarness } from '../harness.js';
import { linesOf, lost } from '../story.js';

const MODULES = '../../../../packages/core/test/conformance/modules';
const PUPPET = `${MODULES}/puppet.ts`;
/** Longer than what a test does meanwhile. */
const BACKOFF = { initialMs: 1500, factor: 1, maxMs: 1500, jitter: 0 };
/** Where the next try never comes: however slow the machine is, it must not come before that is seen. */
const LONG_BACKOFF = { ...BACKOFF, initialMs: 60_000, maxMs: 60_000 };
const FIRST_WINDOW = 8;

/** Who waits for a restart waits longer than it takes, on whatever machine. */
const puppet = (id: string): ChildSpecInput => ({ id, module: PUPPET, sendTimeoutMs: 60_000 });
const PATIENT_CALL = { timeoutMs: 60_000 };
const numbers = (n: number, from = 0): number[] => Array.from({ length: n }, (_, at) => from + at);

export function parking(harness: SupervisionHarness): void {
  describe('parking', () => {
    let tree: Supervised;
    afterEach(() => tree.close());

    /** `a`, who sends, beside a supervisor `s`. */
    async function start(
      s: Omit<TreeSpec, 'name' | 'children'>,
      children: readonly (string | ChildSpecInput)[],
    ): Promise<Puppet> {
      tree = await harness.start({
        name: 'tree',
        children: [
          { ...puppet('a'), restart: 'temporary' },
          {
            id: 's',
            periodMs: 600_000,
            ...s,
            children: children.map((child) => (typeof child === 'string' ? puppet(child) : child)),
          },
        ],
      });
      return new Puppet(tree, 'a');
    }
    const told = (what: string) => tree.reported((events) => linesOf(events, 'tree/s').includes(what));
    /** Kills it; `a` has heard of it, and of those who are stopped with it. */
    const kill = async (a: Puppet, id: string, others: readonly string[] = []): Promise<void> => {
      const known = (await a.get('call', '@self', 'state', [])) as number;
      await a.do(...[id, ...others].map((one) => ['monitor', one] as const));
      await tree.end(`tree/s/${id}`, id, 'being killed');
      await a.items(known + 1 + others.length);
      await tree.caughtUp();
      expect(linesOf(tree.events, 'tree/s')).toContain(`${id}#1 failed: killed, will restart`);
    };
    const restarted = () => linesOf(tree.events, 'tree/s').filter((line) => line.endsWith('restarted'));

    test('through backoff: what is sent meanwhile reaches the next incarnation, in order, before anything newer', async () => {
      const a = await start({ backoff: BACKOFF }, ['b', 'beside']);
      const [b, beside] = [new Puppet(tree, 'b'), new Puppet(tree, 'beside')];
      await a.do(['send', 'b', 'to the first']);
      await b.items(1);
      await kill(a, 'b');

      const outcomes = await a.do(...numbers(FIRST_WINDOW).map((n) => ['send', 'b', n] as const));
      expect(outcomes).toEqual(numbers(FIRST_WINDOW).map(() => ({ value: undefined })));
      // Beyond its credit a sender waits, as at a full mailbox.
      const beyond = a.start(...numbers(4, FIRST_WINDOW).map((n) => ['send', 'b', n] as const));
      expect(await beside.get('self')).toBeDefined();
      await tree.caughtUp();
      expect(restarted()).toEqual([]);

      expect(await b.values(FIRST_WINDOW + 4)).toEqual(numbers(FIRST_WINDOW + 4));
      await told('b#2 restarted');
      expect(restarted()).toEqual(['b#2 restarted']);
      expect(await tree.settle(beyond)).toEqual(numbers(4).map(() => ({ value: undefined })));
      await a.do(['send', 'b', 'newer']);
      expect((await b.values(FIRST_WINDOW + 5)).at(-1)).toBe('newer');
      expect(lost(tree.events, 'dead') + lost(tree.events, 'no-such-name')).toBe(0);
    });

    test('through backoff: a call waits and is answered, one that was in flight ends with `down`', async () => {
      const a = await start({ backoff: BACKOFF }, ['b']);
      await a.get('call', 'b', 'state', []);
      const inFlight = a.start(['call', 'b', 'items', [1]]);
      await a.get('call', 'b', 'state', []);
      await kill(a, 'b');
      // From beyond a namespace nobody hears how it has ended.
      const code = harness.isolated === true ? 'noproc' : 'down';
      expect(await tree.settle(inFlight)).toMatchObject([{ code }]);
      const parked = a.start(['call', 'b', 'state', [], PATIENT_CALL]);
      await tree.caughtUp();
      expect(restarted()).toEqual([]);
      expect(await tree.settle(parked)).toEqual([{ value: 0 }]);
    });

    for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
      test(`through a group restart, ${strategy}: also to those who were stopped with the one that failed`, async () => {
        const a = await start({ strategy, backoff: BACKOFF }, ['b', 'c', 'd']);
        const others = ['c', 'd'];
        for (const id of ['b', ...others]) await a.do(['send', id, 'to the first']);
        await kill(a, 'b', others);
        const all = ['b', ...others].flatMap((id) =>
          numbers(FIRST_WINDOW).map((n) => ['send', id, n] as const),
        );
        expect(await a.do(...all)).toEqual(all.map(() => ({ value: undefined })));
        await tree.caughtUp();
        expect(restarted()).toEqual([]);
        for (const id of ['b', ...others]) {
          expect(await new Puppet(tree, id).values(FIRST_WINDOW)).toEqual(numbers(FIRST_WINDOW));
        }
        expect(lost(tree.events, 'dead') + lost(tree.events, 'no-such-name')).toBe(0);
      });
    }

    test('through starts that fail', async () => {
      const flaky = { module: './flaky-puppet.ts', args: [1, 2], restart: 'permanent' } as const;
      const clerk = { id: 'clerk', module: './clerk.ts' };
      const a = await start({ intensity: 9, backoff: { ...BACKOFF, initialMs: 300 } }, [
        clerk,
        { id: 'b', ...flaky },
      ]);
      await a.do(['send', 'b', 'to the first']);
      await kill(a, 'b');
      await a.do(['send', 'b', 'before the first try']);
      await told('b#2 failed to start: error, will restart');
      await a.do(['send', 'b', 'before the second']);
      await told('b#3 failed to start: error, will restart');
      await a.do(['send', 'b', 'before the last']);
      const values = await new Puppet(tree, 'b').values(3);
      expect(values).toEqual(['before the first try', 'before the second', 'before the last']);
      // It may be heard of before that is told.
      await told('b#4 restarted');
      expect(restarted()).toEqual(['b#4 restarted']);
    });

    test('through a group restart at once: what waited for room at the old life goes before what is sent later', async () => {
      const holder = { module: `${MODULES}/holder.ts`, limits: { mailbox: 8 } };
      const a = await start({ strategy: 'one_for_all' }, ['b', { id: 'c', ...holder }]);
      const early = a.start(...numbers(40).map((n) => ['send', 'c', n] as const));
      await kill(a, 'b', ['c']);
      const late = a.start(...numbers(4, 40).map((n) => ['send', 'c', n] as const));
      await told('c#2 restarted');
      // From now on it reads.
      tree.context.sendExit('c', { tag: 'normal' });
      const outcomes = [...(await tree.settle(early)), ...(await tree.settle(late))];
      // What was one too many to wait for room was refused, and is not expected.
      const sent = outcomes.flatMap((one, n) => ('value' in one ? [n] : []));
      const got = (await a.get('call', 'c', 'taken', [])) as number[];
      // What lay unread in the dead life's mailbox is lost: its first window and its capacity at most.
      const [first = -1] = got;
      expect(first).toBeGreaterThanOrEqual(FIRST_WINDOW);
      expect(first).toBeLessThanOrEqual(FIRST_WINDOW + 8);
      expect(got).toEqual(sent.filter((n) => n >= first));
      expect(got.length).toBeGreaterThanOrEqual(8);
    });

    test('given up: the parked become dead letters, their calls end `noproc`, and the next life gets only what is newer', async () => {
      const a = await start({ intensity: 1, backoff: LONG_BACKOFF }, ['b', 'c']);
      await a.do(['send', 'b', 'to the first']);
      await kill(a, 'b');
      await a.do(...numbers(5).map((n) => ['send', 'b', n] as const));
      const call = a.start(['call', 'b', 'state', []]);
      // It has made the call: made later, it would wait for the next life.
      await a.get('self');
      await tree.caughtUp();
      // One failure too many: the supervisor ends, and is itself restarted by the root.
      await tree.end('tree/s/c', 'c', 'being killed');
      await tree.reported((events) => lost(events, 'no-such-name') >= 6);
      expect(lost(tree.events, 'no-such-name')).toBe(6);
      expect(await tree.settle(call)).toMatchObject([{ code: 'noproc' }]);
      await tree.reported((events) => linesOf(events, 'tree').includes('s#2 restarted'));
      await a.do(['send', 'b', 'newer']);
      expect(await new Puppet(tree, 'b').values(1)).toEqual(['newer']);
    });

    test('the sender ends first: what it had parked becomes dead letters', async () => {
      const a = await start({ backoff: BACKOFF }, ['b']);
      await a.do(['send', 'b', 'to the first']);
      await kill(a, 'b');
      await a.do(...numbers(5).map((n) => ['send', 'b', n] as const));
      await a.tell(['exit', { tag: 'normal' }]);
      await told('b#2 restarted');
      const fresh = errorOf(tree.settle(tree.context.call('a', 'state', [])));
      expect(await fresh).toMatchObject({ code: 'noproc' });
      await tree.reported((events) => lost(events, 'no-such-name') >= 5);
      await tree.settle(tree.context.send('b', 'from another'));
      expect(await new Puppet(tree, 'b').values(1)).toEqual(['from another']);
    });

    test('stopped for good while it waits: what was parked for it and its group becomes dead letters', async () => {
      const a = await start({ strategy: 'one_for_all', backoff: LONG_BACKOFF }, ['b', 'c']);
      for (const id of ['b', 'c']) await a.do(['send', id, 'to the first']);
      await kill(a, 'b', ['c']);
      for (const id of ['b', 'c']) await a.do(...numbers(5).map((n) => ['send', id, n] as const));
      await tree.terminateChild('tree/s/b');
      await tree.reported((events) => lost(events, 'no-such-name') >= 10);
      for (const id of ['b', 'c']) {
        expect(await errorOf(tree.settle(tree.context.call(id, 'state', [])))).toMatchObject({
          code: 'noproc',
        });
      }
    });
  });
}
