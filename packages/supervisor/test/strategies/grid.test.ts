/** Strategy × restart type × reason: who survives, who is restarted, in which order. Source: OTP supervisor manual. */
import { describe, expect, test } from '@jest/globals';
import type { ExitReason } from '@espalier/core';
import type { Restart, Strategy } from '@espalier/core/internal/supervisor-logic.js';
import { child, supervisor, up } from './interpreter.js';

const REASONS: readonly (readonly [string, ExitReason])[] = [
  ['normal', { tag: 'normal' }],
  ['shutdown', { tag: 'shutdown' }],
  ['shutdown with a detail', { tag: 'shutdown', detail: 'x' }],
  ['a crash', { tag: 'error', detail: 'x' }],
  ['killed', { tag: 'killed' }],
  ['the heap limit', { tag: 'limit', detail: 'heapMb' }],
  ['unresponsive', { tag: 'unresponsive' }],
  ['a breach of protocol', { tag: 'protocol' }],
  ['an exit of its thread', { tag: 'error', detail: { exitCode: 3 } }],
];

const EXPECTED: ReadonlySet<string> = new Set(['normal', 'shutdown', 'shutdown with a detail']);

const GROUP: Record<Exclude<Strategy, 'simple_one_for_one'>, readonly string[]> = {
  one_for_one: ['start b'],
  one_for_all: ['stop d', 'stop c', 'stop a', 'start a', 'start b', 'start c', 'start d'],
  rest_for_one: ['stop d', 'stop c', 'start b', 'start c', 'start d'],
};

const SURVIVORS: Record<keyof typeof GROUP, readonly string[]> = {
  one_for_one: ['a', 'c', 'd'],
  one_for_all: [],
  rest_for_one: ['a'],
};

describe.each(Object.keys(GROUP) as (keyof typeof GROUP)[])('%s', (strategy) => {
  for (const restart of ['permanent', 'transient', 'temporary'] satisfies Restart[]) {
    for (const [name, reason] of REASONS) {
      const restarts = restart === 'permanent' || (restart === 'transient' && !EXPECTED.has(name));
      const fate = restarts ? 'is restarted with those its strategy adds' : 'is not restarted';
      test(`${restart} child, ended by ${name}, ${fate}`, () => {
        const world = up(
          supervisor([child('a'), child('b', { restart }), child('c'), child('d')], { strategy }),
        );
        world.ends('b', reason);

        expect(world.news()).toEqual(restarts ? GROUP[strategy] : []);
        const incarnations = Object.fromEntries([...world.alive].map(([id, life]) => [id, life.incarnation]));
        const survivors = restarts ? SURVIVORS[strategy] : ['a', 'c', 'd'];
        for (const id of ['a', 'c', 'd'])
          expect([id, incarnations[id]]).toEqual([id, survivors.includes(id) ? 1 : 2]);
        expect(incarnations['b']).toBe(restarts ? 2 : undefined);
        expect(world.states()['b']).toBe(
          restarts ? 'running' : restart === 'temporary' ? undefined : 'stopped',
        );
        expect(world.parked.get('b')).toBe(restarts);
      });
    }
  }
});

describe('simple_one_for_one', () => {
  for (const restart of ['permanent', 'transient', 'temporary'] satisfies Restart[]) {
    for (const [name, reason] of REASONS) {
      const restarts = restart === 'permanent' || (restart === 'transient' && !EXPECTED.has(name));
      const fate = restarts ? 'is restarted alone, with its own arguments' : 'is forgotten';
      test(`${restart} child of the template, ended by ${name}, ${fate}`, () => {
        const world = up(supervisor([child('template', { restart })], { strategy: 'simple_one_for_one' }));
        for (const extra of [1, 2, 3]) world.request({ op: 'startChild', extra: Uint8Array.of(extra) });
        world.news();
        world.ends('#2', reason);

        expect(world.news()).toEqual(restarts ? ['start #2'] : []);
        expect([...world.alive.keys()].sort()).toEqual(restarts ? ['#1', '#2', '#3'] : ['#1', '#3']);
        expect(Object.keys(world.states())).toEqual(restarts ? ['#1', '#2', '#3'] : ['#1', '#3']);
        const starts = world.effects.filter((effect) => effect.type === 'startChild' && effect.id === '#2');
        const own = Uint8Array.of(2);
        expect(starts.map((effect) => effect.type === 'startChild' && effect.extra)).toEqual(
          restarts ? [own, own] : [own],
        );
      });
    }
  }
});
