/** What others are told of an exported name: its lives, their ends, and whether there will be another. */
import { describe, expect, test } from '@jest/globals';
import type { Address, ExitReason } from '@espalier/core';
import { ManualClock } from '@espalier/core/testing';
import type { LocalSide } from '../../src/engine/local-side.js';
import { TransientExport } from '../../src/engine/transient-export.js';

interface Question {
  readonly pending: () => void;
  readonly answer: (address: Address | undefined) => void;
}

function exported() {
  const clock = new ManualClock();
  const told: string[] = [];
  const questions: Question[] = [];
  const ends = new Map<Address, (reason: ExitReason) => void>();
  const local = {
    awaitHolder: (_name: string, pending: () => void) =>
      new Promise<Address | undefined>((answer) => questions.push({ pending, answer })),
    watch: (target: Address, ended: (reason: ExitReason) => void) => void ends.set(target, ended),
  } as Partial<LocalSide> as LocalSide;
  const one = new TransientExport({
    name: 'db',
    to: 'store',
    local,
    clock,
    open: async (life) => void told.push(`open ${String(life)}`),
    announce: (life) => told.push(`there ${String(life)}`),
    await: (isAwaited) => told.push(isAwaited ? 'awaited' : 'nobody'),
    close: (life, { tag }, isAwaited) =>
      told.push(`ended ${String(life)} ${tag}, ${isAwaited ? 'awaited' : 'nobody'}`),
    answer: () => undefined,
    isUp: () => true,
    undelivered: () => undefined,
  });
  one.start();
  const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    told: () => told.splice(0),
    pending: () => questions.at(-1)?.pending(),
    /** Somebody has the name now, or nobody. */
    answer: async (address: Address | undefined) => {
      questions.shift()?.answer(address);
      await quiet();
    },
    end: async (address: Address) => {
      ends.get(address)?.({ tag: 'killed' });
      await quiet();
    },
    stop: () => one.stop(),
    pause: async () => {
      clock.fireNext();
      await quiet();
    },
  };
}

const life = (): Address => ({}) as Address;

describe('an exported name', () => {
  test('is told with each life, and its end as soon as it is known whether there will be another', async () => {
    const db = exported();
    const [first, second] = [life(), life()];
    await db.answer(first);
    expect(db.told()).toEqual(['open 1', 'there 1']);
    await db.end(first);
    expect(db.told()).toEqual([]);
    db.pending();
    expect(db.told()).toEqual(['ended 1 killed, awaited']);
    await db.answer(second);
    expect(db.told()).toEqual(['open 2', 'there 2']);
  });

  test('is awaited, too, when the next life is there by the time the end of the last one is told', async () => {
    const db = exported();
    const [first, second] = [life(), life()];
    await db.answer(first);
    await db.end(first);
    db.told();
    await db.answer(second);
    expect(db.told()).toEqual(['ended 1 killed, awaited', 'open 2', 'there 2']);
  });

  test('is nobody’s when nobody will have it, at once or after all; and is looked for from time to time', async () => {
    const db = exported();
    const [first, second] = [life(), life()];
    await db.answer(first);
    await db.end(first);
    db.told();
    await db.answer(undefined);
    expect(db.told()).toEqual(['ended 1 killed, nobody']);
    await db.pause();
    db.pending();
    expect(db.told()).toEqual(['awaited']);
    await db.answer(undefined);
    expect(db.told()).toEqual(['nobody']);
    await db.pause();
    await db.answer(second);
    expect(db.told()).toEqual(['open 2', 'there 2']);
  });
  test('has its end told when the bridge stops before it is known whether there will be another', async () => {
    const db = exported();
    const first = life();
    await db.answer(first);
    await db.end(first);
    db.told();
    db.stop();
    expect(db.told()).toEqual(['ended 1 killed, nobody']);
  });
});
