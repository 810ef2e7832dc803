import { expect, test } from '@jest/globals';
import type { CallError } from '@espalier/core';
import { PendingCalls } from '../../src/engine/pending-calls.js';

test('the end of a mailbox ends the calls to it and no others, once, and as who tells them has to know it', () => {
  const calls = new PendingCalls();
  const ends: string[] = [];
  const start = (mailbox: string): number =>
    calls.start({
      mailbox,
      operation: 'get',
      resolve: () => ends.push(`${mailbox} replied`),
      reject: ({ code, reason }: CallError) => ends.push(`${mailbox} ${code} ${String(reason?.tag)}`),
    });
  const [one, , , other] = [start('a'), start('a'), start('b'), start('c')];
  calls.reply(one, 1);
  calls.mailboxEnded('a', { tag: 'killed' });
  calls.mailboxEnded('a', { tag: 'normal' });
  calls.mailboxEnded('b', { tag: 'killed' });
  calls.reply(other, 1);
  expect(ends).toEqual(['a replied', 'a down killed', 'b down killed', 'c replied']);
  expect(calls.size).toBe(0);
});
