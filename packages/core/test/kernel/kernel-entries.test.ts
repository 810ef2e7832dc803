/** What the kernel keeps for a guest is bounded: what would be one more is refused, and nothing else is changed. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Channels } from '../../src/kernel/channels.js';
import { Names, nameIn } from '../../src/kernel/names.js';
import type { Environment } from '../../src/kernel/environment.js';
import type { Guest } from '../../src/kernel/guest.js';
import { LoopbackLinks } from '../../src/testing/index.js';
import { RawKernel, type RawGuest } from './raw-guest.js';

const MOST = 10;

function started(count: number): readonly [RawKernel, ...RawGuest[]] {
  const kernel = new RawKernel();
  kernel.mostEntries = MOST;
  return [kernel, ...kernel.start(count)];
}

const codesOf = (guest: RawGuest): readonly unknown[] =>
  guest.of('answer').map(({ result }) => (result.ok ? 'done' : result.code));

describe('kernelEntries', () => {
  test('entries: monitors are refused when there are too many, and taken again when there is room', () => {
    const [kernel, one, two] = started(2);
    for (let id = 1; id <= 20; id += 1) kernel.say(one!, { call: 'monitor', env: 0, id, target: 'e1' });
    const codes = codesOf(one!);
    // Its own address and its name are kept for it, too.
    expect(codes).toEqual([...Array<string>(8).fill('done'), ...Array<string>(12).fill('limit_refused')]);
    kernel.say(two!, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    expect(codesOf(two!)).toEqual(['done']);
    kernel.say(one!, { call: 'demonitor', env: 0, monitor: 1 });
    kernel.say(one!, { call: 'monitor', env: 0, id: 21, target: 'e1' });
    expect(codesOf(one!).at(-1)).toBe('done');
    expect(kernel.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
  });

  test('entries: spawns under way are counted before anything is loaded', () => {
    const [kernel, one] = started(1);
    const spawn = { call: 'spawn', env: 0, request: new Uint8Array(), link: false, monitor: false };
    for (let id = 1; id <= 20; id += 1) kernel.say(one!, { ...spawn, id });
    expect(codesOf(one!)).toEqual(Array<string>(12).fill('limit_refused'));
  });

  test('entries: who can keep no more is passed addresses that lead nowhere, and its sender is not refused', () => {
    const [kernel, one, two] = started(2);
    for (let id = 1; id <= 20; id += 1) kernel.say(two!, { call: 'monitor', env: 0, id, target: 'e1' });
    kernel.say(one!, { call: 'resolve', id: 1, name: 'e1', follow: false });
    kernel.say(one!, { call: 'connect', id: 2, handle: 2 });
    kernel.say(one!, { call: 'ticket', id: 3, handle: 1, channel: 1 });
    expect(codesOf(one!)).toEqual(['done', 'done', 'noproc']);
    expect(two!.of('ticket')).toEqual([]);
  });

  test('entries: names that nobody has leave nothing behind, however many are asked for', () => {
    const names = new Names(new Channels(new LoopbackLinks(), () => undefined));
    const told: unknown[] = [];
    const guest = {
      space: '',
      followed: new Set<string>(),
      notify: (notice: unknown) => told.push(notice),
    } as unknown as Guest;
    for (let n = 0; n < 1000; n += 1) names.follow(nameIn('', `n${String(n)}`), guest);
    expect([names.size, guest.followed.size]).toEqual([0, 0]);
    const keeper = {};
    names.keep(nameIn('', 'a'), keeper);
    expect([names.follow(nameIn('', 'a'), guest), names.size, guest.followed.size]).toEqual([
      { state: 'pending' },
      1,
      1,
    ]);
    names.giveUp(nameIn('', 'a'), keeper);
    expect(told).toEqual([{ notice: 'name', name: 'a', holder: { state: 'free' } }]);
    expect([names.size, guest.followed.size]).toEqual([0, 0]);
  });

  test('entries: the numbers of monitors and signals count what one environment has had, and nobody else', () => {
    const [kernel, one, two] = started(2);
    for (let id = 1; id <= 5; id += 1) kernel.say(one!, { call: 'monitor', env: 0, id, target: 'e1' });
    kernel.say(two!, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    kernel.say(two!, { call: 'resolve', id: 2, name: 'e0', follow: false });
    const signal = { call: 'signal', env: 0, kind: 'exit', tag: 'normal', detail: undefined };
    for (let n = 0; n < 5; n += 1) kernel.say(two!, { ...signal, target: 'e0' });
    kernel.say(one!, { ...signal, target: 'e1' });
    const values = (guest: RawGuest) =>
      guest.of('answer').map(({ result }) => (result.ok ? result.value : result));
    expect(values(one!)).toEqual([1, 2, 3, 4, 5]);
    expect(values(two!)[0]).toBe(1);
    expect(two!.of('signal').map((notice) => notice.signal)).toEqual([1]);
    expect(one!.of('signal').map((notice) => notice.signal)).toEqual([1, 2, 3, 4, 5]);
  });

  type Step = 'monitor' | 'demonitor' | 'register' | 'unregister' | 'resolve' | 'drop' | 'link' | 'unlink';
  const step = fc.record({
    what: fc.constantFrom<Step>(
      'monitor',
      'demonitor',
      'register',
      'unregister',
      'resolve',
      'drop',
      'link',
      'unlink',
    ),
    nth: fc.integer({ min: 0, max: 15 }),
  });

  test('entries: whatever is asked in whatever order, no more is kept than the limit and the links that live', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const [kernel, one] = started(4);
        const guest = guestOf(kernel, 'e0');
        let id = 0;
        for (const { what, nth } of steps) {
          id += 1;
          const before = guest.entries;
          if (what === 'monitor') kernel.say(one!, { call: what, env: 0, id, target: `e${String(nth % 4)}` });
          else if (what === 'demonitor') kernel.say(one!, { call: what, env: 0, monitor: nth });
          else if (what === 'register' || what === 'unregister')
            kernel.say(one!, { call: what, env: 0, id, name: `n${String(nth)}` });
          else if (what === 'resolve')
            kernel.say(one!, { call: what, id, name: `e${String(nth % 4)}`, follow: false });
          else if (what === 'drop') kernel.say(one!, { call: what, handles: [2 + (nth % 4)], counts: [1] });
          else if (what === 'link') kernel.say(one!, { call: what, env: 0, handle: 2 + (nth % 4) });
          else kernel.say(one!, { call: what, env: 0, id, handle: 2 + (nth % 4) });
          if (codesOf(one!).at(-1) === 'limit_refused' && one!.of('answer').at(-1)?.id === id) {
            refused += 1;
            expect([guest.entries, before >= MOST]).toEqual([before, true]);
          }
          expect(guest.entries).toBeLessThanOrEqual(MOST + 3);
        }
      }),
    );
    expect(refused).toBeGreaterThan(50);
  });
});

function guestOf(kernel: RawKernel, name: string): Guest {
  const environment = kernel.kernel.tree.environment(`tree/${name}`) as Environment;
  return environment.guest;
}
