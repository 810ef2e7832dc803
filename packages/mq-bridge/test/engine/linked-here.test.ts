/** What the other side is told of who is linked here, whatever has room and gets lost. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Address } from '@espalier/core';
import { LinkedHere } from '../../src/engine/linked-here.js';

const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const address = (): Address => ({}) as Address;

/** The way to the other side, with room when the test gives it. */
class World {
  readonly said: string[] = [];
  readonly waiting: ((done: boolean) => void)[] = [];
  hasRoom = true;
  isLost = false;
  isOver = false;
  readonly links = new LinkedHere(
    ({ kind }) => {
      this.said.push(kind);
      return this.hasRoom ? !this.isLost : new Promise((resolve) => this.waiting.push(resolve));
    },
    () => this.isOver,
  );
}

test('who links and unlinks without end has one item waiting, and what is so then is said when that is taken', async () => {
  const world = new World();
  world.hasRoom = false;
  const one = address();
  for (let n = 0; n < 1000; n++) {
    world.links.changed(one, true);
    world.links.changed(one, false);
  }
  expect(world.said).toEqual(['link']);
  world.hasRoom = true;
  world.waiting[0]?.(true);
  await quiet();
  expect(world.said).toEqual(['link', 'unlink']);
});

test('what could not be passed on is said with the next change, and when the connection is there again', async () => {
  const world = new World();
  world.isLost = true;
  world.links.changed(address(), true);
  world.isLost = false;
  world.links.changed(address(), true);
  expect(world.said).toEqual(['link', 'link']);
  world.links.sayAgain();
  expect(world.said).toEqual(['link', 'link', 'link']);
});

test('that nobody is linked any more is said again, too, for who said it with his end may not have been heard', () => {
  const world = new World();
  const one = address();
  world.links.sayAgain();
  world.links.changed(one, true);
  expect(world.links.ended(one)).toBe(true);
  world.links.sayAgain();
  expect(world.said).toEqual(['link', 'unlink']);
});

test('when all is quiet the other side knows whether somebody is linked, whatever was lost before the connection was there again', async () => {
  const step = fc.oneof(
    fc.record({ who: fc.nat(2), does: fc.constantFrom('link', 'unlink', 'end') }),
    fc.record({ who: fc.constant(0), does: fc.constantFrom('no room', 'room', 'lost', 'found') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const world = new World();
      const all = [address(), address(), address()] as const;
      const linked = new Set<Address>();
      for (const { who, does } of steps) {
        const one = all[who] as Address;
        if (does === 'link' || does === 'unlink') {
          world.links.changed(one, does === 'link');
          if (does === 'link') linked.add(one);
          else linked.delete(one);
        } else if (does === 'end' && linked.delete(one)) {
          const isLast = world.links.ended(one);
          expect(isLast).toBe(linked.size === 0);
          if (isLast) world.said.push('unlink');
        } else if (does === 'no room' || does === 'room') {
          world.hasRoom = does === 'room';
          if (world.hasRoom) for (const taken of world.waiting.splice(0)) taken(!world.isLost);
          await quiet();
        } else world.isLost = does === 'lost';
      }
      Object.assign(world, { hasRoom: true, isLost: false });
      while (world.waiting.length > 0) {
        for (const taken of world.waiting.splice(0)) taken(true);
        await quiet();
      }
      world.links.sayAgain();
      await quiet();
      expect(world.said.at(-1) ?? 'unlink').toBe(linked.size > 0 ? 'link' : 'unlink');
    }),
    { numRuns: 500 },
  );
});

test('when the stand-in has ended nothing more is said, for its name may be of another mailbox by the time that there is room', async () => {
  const world = new World();
  const one = address();
  world.links.changed(one, true);
  world.hasRoom = false;
  world.links.changed(one, false);
  world.links.changed(one, true);
  // The other side is about to hear that nobody is linked, and never heard of this link: it is told of the end all the same.
  expect(world.links.stop()).toBe(true);
  world.hasRoom = true;
  world.waiting[0]?.(true);
  await quiet();
  world.links.sayAgain();
  expect(world.said).toEqual(['link', 'unlink']);
});

test('once the mailbox has ended nothing is said', () => {
  const world = new World();
  world.links.changed(address(), true);
  world.isOver = true;
  world.links.sayAgain();
  world.links.changed(address(), true);
  expect(world.said).toEqual(['link']);
});
