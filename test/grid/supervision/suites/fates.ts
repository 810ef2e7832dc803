/**
 * Strategy × restart type × how it ended: who survives, who is restarted, in which order. Source: OTP
 * supervisor manual. One tree for each way to end, one supervisor in it for each strategy and type.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Address, ExitTag } from '@espalier/core';
import type { Restart, Strategy } from '@espalier/core/internal/supervisor-logic.js';
import type { SupervisorNodeSpec } from '@espalier/supervisor';
import type { Cause, Supervised, SupervisionHarness } from '../harness.js';
import { linesOf } from '../story.js';

/** Each way to end, and the reason that the kernel finds for it. */
const TAGS: Record<Cause, ExitTag> = {
  normal: 'normal',
  shutdown: 'shutdown',
  'shutdown with a detail': 'shutdown',
  'a crash': 'error',
  'being killed': 'killed',
  'its heap limit': 'limit',
  'being unresponsive': 'unresponsive',
  'the exit of its thread': 'error',
};
const CAUSES = Object.keys(TAGS) as readonly Cause[];
const EXPECTED_END: ReadonlySet<ExitTag> = new Set(['normal', 'shutdown']);

const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const satisfies readonly Strategy[];
type Fixed = (typeof STRATEGIES)[number];
const RESTARTS = ['permanent', 'transient', 'temporary'] as const satisfies readonly Restart[];

/** What follows the end of b among a, b, c and d. */
const RESTARTED: Record<Fixed, readonly string[]> = {
  one_for_one: ['b restarting: 1 of 9', 'b#2 restarted'],
  one_for_all: [
    'b, a, c, d restarting: 1 of 9',
    ...['d', 'c', 'a'].map((id) => `${id}#1 stopped: shutdown`),
    ...['a', 'b', 'c', 'd'].map((id) => `${id}#2 restarted`),
  ],
  rest_for_one: [
    'b, c, d restarting: 1 of 9',
    ...['d', 'c'].map((id) => `${id}#1 stopped: shutdown`),
    ...['b', 'c', 'd'].map((id) => `${id}#2 restarted`),
  ],
};

const SURVIVORS: Record<Fixed, readonly string[]> = {
  one_for_one: ['a', 'c', 'd'],
  one_for_all: [],
  rest_for_one: ['a'],
};

const MODULE = './victim.ts';
const fixedId = (strategy: Fixed, restart: Restart) => `${strategy}.${restart}`;
const isRestarted = (restart: Restart, cause: Cause) =>
  restart === 'permanent' || (restart === 'transient' && !EXPECTED_END.has(TAGS[cause]));

/** What the end of b itself is reported as. */
function endLine(who: string, cause: Cause, restarted: boolean): string {
  const tag = TAGS[cause];
  const kind = EXPECTED_END.has(tag) ? 'ended' : 'failed';
  return `${who}#1 ${kind}: ${tag}${restarted ? ', will restart' : ''}`;
}

function limitsFor(cause: Cause): object {
  if (cause === 'its heap limit') return { limits: { heapMb: 32 } };
  return cause === 'being unresponsive' ? { limits: { unresponsiveMs: 400 } } : {};
}

function supervisorOf(strategy: Fixed, restart: Restart, cause: Cause): SupervisorNodeSpec {
  const id = fixedId(strategy, restart);
  const children = ['a', 'b', 'c', 'd'].map((child) => ({
    id: child,
    name: `${id}.${child}`,
    module: MODULE,
    // Nobody else is to end by it: on a busy machine all of them may stand still for so long.
    ...(child === 'b' ? { restart, ...limitsFor(cause) } : {}),
  }));
  return { id, strategy, intensity: 9, children };
}

/** Its children take their names themselves, from the arguments that each is given. */
function templateOf(restart: Restart, cause: Cause): SupervisorNodeSpec {
  const template = { id: 'template', module: MODULE, restart, ...limitsFor(cause) };
  return {
    id: `dynamic.${restart}`,
    strategy: 'simple_one_for_one',
    intensity: 9,
    children: [template],
  };
}

export function fates(harness: SupervisionHarness): void {
  describe.each(CAUSES)('a child ended by %s', (cause) => {
    let tree: Supervised;

    beforeAll(async () => {
      const fixed = STRATEGIES.flatMap((strategy) =>
        RESTARTS.map((restart) => supervisorOf(strategy, restart, cause)),
      );
      const dynamic = RESTARTS.map((restart) => templateOf(restart, cause));
      tree = await harness.start({ name: 'tree', children: [...fixed, ...dynamic] });
      for (const { id } of dynamic) {
        for (const child of ['x', 'y', 'z']) await tree.startChild(`tree/${id}`, { args: `${id}.${child}` });
      }
    }, 120_000);

    afterAll(async () => {
      await tree.close();
    });

    for (const restart of RESTARTS) {
      const restarted = isRestarted(restart, cause);
      const fate = restarted ? 'is restarted alone, with its own arguments' : 'is forgotten';
      test(`simple_one_for_one: a ${restart} one ${fate}`, async () => {
        const id = `dynamic.${restart}`;
        const path = `tree/${id}`;
        const lives = () =>
          livesOf(
            tree,
            ['x', 'y', 'z'].map((child) => `${id}.${child}`),
          );
        const before = await lives();
        const begun = linesOf(tree.events, path).length;
        const expected = [
          endLine('#2', cause, restarted),
          ...(restarted ? ['#2 restarting: 1 of 9', '#2#2 restarted'] : []),
        ];

        await tree.end(`${path}/#2`, `${id}.y`, cause);
        await tree.reported((events) => linesOf(events, path).length >= begun + expected.length);
        await tree.caughtUp();

        expect(linesOf(tree.events, path).slice(begun)).toEqual(expected);
        const after = await lives();
        for (const child of ['x', 'z']) expect(after[`${id}.${child}`]).toBe(before[`${id}.${child}`]);
        expect(after[`${id}.y`] !== undefined).toBe(restarted);
        expect(after[`${id}.y`]).not.toBe(before[`${id}.y`]);
      });
    }

    for (const strategy of STRATEGIES) {
      for (const restart of RESTARTS) {
        const restarted = isRestarted(restart, cause);
        const fate = restarted ? 'is restarted with those its strategy adds' : 'is not restarted';
        test(`${strategy}: a ${restart} one ${fate}`, async () => {
          const id = fixedId(strategy, restart);
          const path = `tree/${id}`;
          const lives = () =>
            livesOf(
              tree,
              ['a', 'b', 'c', 'd'].map((child) => `${id}.${child}`),
            );
          const before = await lives();
          const begun = linesOf(tree.events, path).length;
          const expected = [endLine('b', cause, restarted), ...(restarted ? RESTARTED[strategy] : [])];

          await tree.end(`${path}/b`, `${id}.b`, cause);
          await tree.reported((events) => linesOf(events, path).length >= begun + expected.length);
          await tree.caughtUp();

          expect(linesOf(tree.events, path).slice(begun)).toEqual(expected);
          const after = await lives();
          const survivors = restarted ? SURVIVORS[strategy] : ['a', 'c', 'd'];
          expect(
            ['a', 'c', 'd'].filter((child) => after[`${id}.${child}`] === before[`${id}.${child}`]),
          ).toEqual(survivors);
          for (const [name, life] of Object.entries(after)) {
            expect([name, life !== undefined]).toEqual([name, restarted || name !== `${id}.b`]);
          }
          expect(after[`${id}.b`]).not.toBe(before[`${id}.b`]);
        });
      }
    }
  });
}

/** Who holds each of these names. */
async function livesOf(
  tree: Supervised,
  names: readonly string[],
): Promise<Record<string, Address | undefined>> {
  const holders = await tree.settle(Promise.all(names.map((name) => tree.context.whereis(name))));
  return Object.fromEntries(names.map((name, at) => [name, holders[at]]));
}
