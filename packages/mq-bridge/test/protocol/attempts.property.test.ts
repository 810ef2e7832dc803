/** Whatever happens to those who handle the messages of one mailbox: who is guilty is put aside, and nobody else. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Attempts, type Note } from '../../src/protocol/attempts.js';

const note = (kind: Note['kind'], life: string, id: string): Note => ({ kind, life, count: 0, id });

test('what a life has begun last counts for others once it has begun, and no more when it has gone on', () => {
  const attempts = new Attempts();
  attempts.seen(note('begun', 'a', 'm1'));
  expect([attempts.of('m1', 'a'), attempts.of('m1', 'b')]).toEqual([0, 1]);
  attempts.seen(note('begun', 'a', 'm2'));
  expect([attempts.of('m1', 'b'), attempts.of('m2', 'b')]).toEqual([0, 1]);
  attempts.seen(note('left', 'a', 'm2'));
  expect(attempts.of('m2', 'b')).toBe(0);
});

test('a failure counts for everybody, whoever writes it', () => {
  const attempts = new Attempts();
  for (const life of ['a', 'b', 'b']) attempts.seen(note('failed', life, 'm'));
  expect([attempts.of('m', 'a'), attempts.of('m', 'c')]).toEqual([3, 3]);
});

test('the newest facts are kept, and not more than some', () => {
  const attempts = new Attempts();
  for (let n = 0; n < 10_001; n++) attempts.seen(note('suspect', 'a', String(n)));
  expect([attempts.isSuspect('0'), attempts.isSuspect('1'), attempts.isSuspect('10000')]).toEqual([
    false,
    true,
    true,
  ]);
});

/** A frame of messages, one of which ends every life that handles it; lives end for other reasons, too. */
test('of a frame in which one message ends whoever handles it that one is put aside, after a bounded number of lives', () => {
  const scenario = fc.record({
    messages: fc.integer({ min: 1, max: 6 }),
    poison: fc.nat(),
    attempts: fc.integer({ min: 2, max: 4 }),
  });
  fc.assert(
    fc.property(scenario, ({ messages, poison, attempts }) => {
      const journal = new Attempts();
      const guilty = poison % messages;
      const aside = new Set<number>();
      const handled = new Set<number>();
      let lives = 0;
      for (let isDone = false; !isDone;) {
        const life = String(++lives);
        const again = lives > 1;
        const isSuspect = again && (messages === 1 || journal.isSuspect('f'));
        if (again && !isSuspect) journal.seen(note('suspect', life, 'f'));
        isDone = true;
        for (let n = 0; n < messages && isDone; n++) {
          const id = `f/${String(n)}`;
          if (journal.of(id, life) >= attempts) aside.add(n);
          else {
            if (isSuspect) journal.seen(note('begun', life, id));
            if (n === guilty) isDone = false;
            else handled.add(n);
          }
        }
      }
      expect([...aside]).toEqual([guilty]);
      expect(handled.size).toBe(messages - 1);
      expect(lives).toBe(attempts + (messages === 1 ? 2 : 3));
    }),
  );
});
