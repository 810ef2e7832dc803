import { describe, expect, test } from '@jest/globals';
import type { Channel } from 'amqplib';
import { ManualClock } from '@espalier/core/testing';
import { Holding } from '../../src/transport/holding.js';
import type { Journal } from '../../src/transport/journal.js';
import type { Hold } from '../../src/transport/transport.js';

const LEASE_MS = 2500;

function holding(leaseMs: number | undefined) {
  const clock = new ManualClock();
  const lost: unknown[] = [];
  const questions: (() => void)[] = [];
  const claims: ((place: number) => void)[] = [];
  const journal = {
    open: async () => undefined,
    append: () => new Promise<number>((resolve) => claims.push(resolve)),
  } as unknown as Journal;
  const admin = {
    checkQueue: () => new Promise<void>((resolve) => questions.push(resolve)),
  } as unknown as Channel;
  const isLost = (): boolean => lost.length > 0;
  const one = new Holding({
    admin,
    queue: 'q',
    journal,
    leaseMs,
    clock,
    isLost,
    lost: (why) => lost.push(why),
  });
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const holds: Hold[] = [];
  const delivered = async (): Promise<void> => {
    one.take((hold) => holds.push(hold));
    await turns();
  };
  const pass = (ms: number): void => {
    const until = clock.now() + ms;
    while (clock.fireNext(until));
    clock.moveTo(until);
  };
  return { pass, clock, lost, questions, claims, one, holds, delivered, turns };
}

describe('whoever takes alone', () => {
  test('begins with the first delivery: it waits until its claim is in the journal, and the queue has answered', async () => {
    const { questions, claims, holds, delivered, turns } = holding(LEASE_MS);
    await delivered();
    await delivered();
    expect([claims.length, questions.length, holds.length]).toEqual([1, 0, 0]);
    claims[0]?.(7);
    await turns();
    expect([questions.length, holds.length]).toEqual([1, 0]);
    questions[0]?.();
    await turns();
    expect(holds.map(({ fence, isHeld }) => [fence, isHeld])).toEqual([
      [7, true],
      [7, true],
    ]);
  });

  test('holds as long as it is answered, however long that goes on', async () => {
    const { pass, lost, questions, claims, holds, delivered, turns } = holding(LEASE_MS);
    await delivered();
    claims[0]?.(1);
    for (let asked = 0; asked < 20; asked++) {
      await turns();
      questions[asked]?.();
      await turns();
      expect(holds[0]?.isHeld).toBe(true);
      pass(LEASE_MS / 2);
    }
    expect(lost).toEqual([]);
  });

  test('is over when it is not answered in time', async () => {
    const { pass, lost, questions, claims, holds, delivered, turns } = holding(LEASE_MS);
    await delivered();
    claims[0]?.(1);
    await turns();
    questions[0]?.();
    await turns();
    pass(LEASE_MS / 2);
    expect(holds[0]?.isHeld).toBe(true);
    pass(LEASE_MS / 2);
    expect(holds[0]?.isHeld).toBe(false);
    expect(lost).toEqual(['the lease has lapsed']);
  });

  test('is not held again by an answer that comes when it has lapsed, though no timer has said so yet', async () => {
    const { pass, clock, lost, questions, claims, holds, delivered, turns } = holding(LEASE_MS);
    await delivered();
    claims[0]?.(1);
    await turns();
    questions[0]?.();
    await turns();
    pass(LEASE_MS / 2);
    clock.moveTo(clock.now() + LEASE_MS / 2 + 1);
    expect(holds[0]?.isHeld).toBe(false);
    questions[1]?.();
    await turns();
    expect(holds[0]?.isHeld).toBe(false);
    expect(lost).toEqual(['the lease has lapsed']);
  });

  test.each(['late', 'at last'])(
    'is given nothing if its first answer comes %s, and the connection is lost by then',
    async (how) => {
      const { clock, lost, questions, claims, holds, delivered, turns } = holding(LEASE_MS);
      await delivered();
      claims[0]?.(1);
      await turns();
      if (how === 'late') clock.moveTo(clock.now() + LEASE_MS);
      else lost.push('the connection');
      questions[0]?.();
      await turns();
      expect(lost).toHaveLength(1);
      expect(holds).toEqual([]);
    },
  );

  test('is over when its clock jumps by an hour: nothing is begun before anybody has looked at a timer', async () => {
    const { clock, questions, claims, holds, delivered, turns } = holding(LEASE_MS);
    await delivered();
    claims[0]?.(1);
    await turns();
    questions[0]?.();
    await turns();
    clock.moveTo(3_600_000);
    expect(holds[0]?.isHeld).toBe(false);
  });
});

test('whoever takes with others has no lease, and no fence', async () => {
  const { clock, lost, questions, claims, holds, delivered, turns } = holding(undefined);
  await delivered();
  claims[0]?.(7);
  await turns();
  clock.moveTo(3_600_000);
  expect([questions.length, lost.length]).toEqual([0, 0]);
  expect(holds.map(({ fence, isHeld }) => [fence, isHeld])).toEqual([[undefined, true]]);
});
