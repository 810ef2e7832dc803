import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NodeThread } from '../../src/threads/wall-thread.js';
import { testWall, type TestGuest, type TestWall } from './thread-fixture.js';

let walls: TestWall;

beforeAll(() => {
  walls = testWall();
});

afterAll(() => walls.close());

/** Whether the guard may still ask it something. */
const mayBeAsked = ({ thread }: TestGuest): boolean | undefined =>
  (thread as NodeThread).guard?.thread.gate.ask();

const LATER = `setTimeout(() => { throw new Error('later'); }, 0)`;

describe('a thread that ends of itself leaves through the gate', () => {
  test.each<[string, string]>([
    ['by process.exit', `() => process.exit(3)`],
    ['by what nobody catches', `() => { ${LATER}; return 1; }`],
    ['by having nothing left to do', `() => { link.close(); }`],
    ['without listeners for its exit', `() => { process.removeAllListeners('exit'); process.exit(3); }`],
    ['without any listeners', `() => { process.removeAllListeners(); ${LATER}; return 1; }`],
    [
      'after its own listener for what nobody caught has thrown',
      `() => { process.on('uncaughtException', () => { throw new Error('again'); }); ${LATER}; return 1; }`,
    ],
    [
      'after its own exit listener has thrown',
      `() => { process.on('exit', () => { throw new Error('again'); }); ${LATER}; return 1; }`,
    ],
    [
      'with broken built-ins',
      `() => {
        const broken = () => { throw new Error('broken'); };
        Object.assign(Array.prototype, { push: broken, [Symbol.iterator]: broken });
        Object.assign(Reflect, { apply: broken });
        Object.assign(Atomics, { load: broken, or: broken });
        Object.assign(performance, { now: broken });
        globalThis.Int32Array = broken;
        process.exit(3);
      }`,
    ],
  ])('%s', async (_how, source) => {
    const guest = await walls.start();
    guest.post(source);
    expect((await guest.ended).kind).toBe('unexplained');
    expect(mayBeAsked(guest)).toBe(false);
  });

  test('and not before: an exit that it makes up leaves the guard in place', async () => {
    const guest = await walls.start();
    expect(await guest.run(`() => process.emit('exit', 0)`)).toHaveProperty('value');
    expect(mayBeAsked(guest)).toBe(true);
  });
});

describe('listeners of a guest', () => {
  test('can be removed one by one or at once, and none of ours is among them', async () => {
    const guest = await walls.start();
    const { value } = await guest.run(`() => {
      const names = ['exit', 'uncaughtException'];
      const listener = () => undefined;
      const count = () => names.map((name) => process.listenerCount(name));
      // Node has one of its own for the exit, which flushes what was printed.
      process.removeAllListeners('exit');
      const before = count();
      for (const name of names) process.on(name, listener);
      const added = count();
      process.off('exit', listener);
      const left = count();
      process.removeAllListeners();
      return [before, added, left, count()];
    }`);
    expect(value).toEqual([
      [0, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
  });

  test('are called in order with what Node tells them', async () => {
    const guest = await walls.start();
    guest.post(`() => {
      process.on('uncaughtException', function (error, origin) {
        say([this === process, error.message, origin]);
        process.exit(5);
      });
      process.on('exit', (code) => say(['exit', code]));
      ${LATER};
      return 1;
    }`);
    expect([await guest.next(), await guest.next(), await guest.next()]).toEqual([
      { value: 1 },
      [true, 'later', 'uncaughtException'],
      ['exit', 5],
    ]);
  });
});
