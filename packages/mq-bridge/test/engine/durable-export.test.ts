import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CallError } from '@espalier/core';
import { ManualClock } from '@espalier/core/testing';
import { DurableExport } from '../../src/engine/durable-export.js';
import { Attempts, type Note } from '../../src/protocol/attempts.js';
import type { Hold, HoldNote } from '../../src/transport/transport.js';
import type { LocalSide } from '../../src/engine/local-side.js';
import type { Item } from '../../src/wire/frames.js';

/** What all holders of one mailbox read. */
class TestJournal {
  readonly notes: Note[] = [];
  lives = 0;
}

/** One holder of many: each is a life of its own. */
class TestHold implements Hold {
  readonly fence = 3;
  isHeld = true;
  until = Infinity;
  readonly #journal: TestJournal;
  readonly #life: string;

  constructor(journal: TestJournal) {
    this.#journal = journal;
    this.#life = String(++journal.lives);
  }

  follow(): () => void {
    return () => undefined;
  }

  attempts(id: string): number {
    return this.#facts().of(id, this.#life);
  }

  isSuspect(frame: string): boolean {
    return this.#facts().isSuspect(frame);
  }

  async note(kind: HoldNote, id: string): Promise<boolean> {
    const { notes } = this.#journal;
    notes.push({ kind, life: this.#life, count: notes.length, id });
    return this.isHeld;
  }

  #facts(): Attempts {
    const facts = new Attempts();
    for (const note of this.#journal.notes) facts.seen(note);
    return facts;
  }
}

/** `killed`: it handles the message, and ends before anybody hears of it. */
type Reply = 'ok' | 'never' | 'killed' | CallError['code'];

/** How what comes together is handed over: as it comes, or one by one, for the server takes nothing else. */
type Way = 'together' | 'singly';
const WAYS: readonly Way[] = ['together', 'singly'];

/** A server that gives these answers, one after the other, and `ok` from then on. */
function exported(
  replies: readonly Reply[],
  journal = new TestJournal(),
  way: Way = 'together',
  attempts = 2,
) {
  const clock = new ManualClock();
  const calls: unknown[] = [];
  const dead: Item[] = [];
  const left = [...replies];
  const hold = new TestHold(journal);
  const runs: number[] = [];
  let isOver = false;
  const call = async (operation: string, parameters: readonly unknown[]): Promise<void> => {
    calls.push([operation, ...parameters]);
    const reply = left.shift() ?? 'ok';
    if (reply === 'never') await new Promise(() => undefined);
    else if (reply === 'killed') throw new CallError('down', 'it was killed', { reason: { tag: 'killed' } });
    else if (reply !== 'ok') throw new CallError(reply, 'as the test wants it');
    await Promise.resolve();
  };
  const local = {
    run: async (_to, together, { deadline, signal, underWay }) => {
      if (way === 'singly' && together.length > 1) throw new CallError('too_large', 'one at a time');
      runs.push(together.length);
      underWay?.({ prolong: () => undefined, beginNoMore: () => (isOver = true) });
      for (const [handled, [operation, ...parameters]] of together.entries()) {
        isOver ||= signal.aborted;
        if (isOver || clock.now() >= deadline) return { handled, failure: undefined };
        try {
          await call(operation, parameters);
        } catch (error) {
          const failure = error as CallError;
          const isNobody = failure.code === 'noproc' && handled === 0;
          if (failure.reason !== undefined || isNobody) throw failure;
          return { handled, failure };
        }
      }
      return { handled: together.length, failure: undefined };
    },
  } as Partial<LocalSide> as LocalSide;
  const durable = new DurableExport({
    name: 'jobs',
    to: 'worker',
    attempts,
    local,
    clock,
    deadLetter: async (item) => void dead.push(item),
    poison: () => undefined,
  });
  const handle = async (items: readonly Item[], again = false): Promise<boolean> => {
    let isDone = false;
    const done = durable
      .handle({ stream: 'h/i/1', seq: 7, low: 7, items, again, hold })
      .finally(() => (isDone = true));
    // Time passes only where everything waits for it.
    while (!isDone) {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      clock.fireNext();
    }
    return await done;
  };
  /** A frame that comes again, and is not waited for. */
  const begin = (items: readonly Item[]): void => {
    void durable.handle({ stream: 'h/i/1', seq: 7, low: 7, items, again: true, hold });
  };
  const interrupted = (): boolean => isOver;
  return { calls, runs, dead, hold, handle, begin, durable, interrupted, stop: () => durable.stop() };
}

const RUN: Item = { kind: 'cast', operation: 'run', parameters: [1] };

describe.each(WAYS)('a durable message, handed over %s,', (way) => {
  test('is a call whose last argument says which message it is', async () => {
    const { calls, handle } = exported([], undefined, way);
    await handle([RUN, { kind: 'message', value: 'x' }], true);
    expect(calls).toEqual([
      ['run', 1, { id: 'h/i/1/7/0', again: true, fence: 3 }],
      ['message', 'x', { id: 'h/i/1/7/1', again: true, fence: 3 }],
    ]);
  });

  test('comes again where the server has failed, and becomes a dead letter after so many times', async () => {
    const { calls, dead, handle } = exported(['down', 'ok', 'refused', 'down', 'ok'], undefined, way);
    await handle([RUN, { ...RUN, operation: 'bad' }, { ...RUN, operation: 'last' }]);
    expect(calls).toEqual([
      ['run', 1, { id: 'h/i/1/7/0', again: false, fence: 3 }],
      ['run', 1, { id: 'h/i/1/7/0', again: true, fence: 3 }],
      ['bad', 1, { id: 'h/i/1/7/1', again: false, fence: 3 }],
      ['bad', 1, { id: 'h/i/1/7/1', again: true, fence: 3 }],
      ['last', 1, { id: 'h/i/1/7/2', again: false, fence: 3 }],
    ]);
    expect(dead).toEqual([{ ...RUN, operation: 'bad' }]);
  });

  test('waits while nobody has the name, however long', async () => {
    const { calls, dead, handle } = exported(
      Array.from({ length: 50 }, () => 'noproc' as const),
      undefined,
      way,
    );
    await handle([RUN]);
    expect(calls).toHaveLength(51);
    expect(dead).toEqual([]);
  });

  test('was in vain for the next holder, too, and what ended the last one was; nobody begins it once more than that', async () => {
    const journal = new TestJournal();
    const first = exported(['refused'], journal, way);
    const given = first.handle([RUN, RUN]);
    while (journal.notes.length === 0) await Promise.resolve();
    first.hold.isHeld = false;
    expect(await given).toBe(false);
    // The second one ends while it handles it.
    const second = exported(['never'], journal, way);
    second.begin([RUN]);
    while (second.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const third = exported([], journal, way);
    expect(await third.handle([RUN], true)).toBe(true);
    expect(third.calls).toEqual([]);
    expect(third.dead).toEqual([RUN]);
  });

  test('that its holder has left was not in vain', async () => {
    const journal = new TestJournal();
    for (let lives = 0; lives < 5; lives++) {
      const { handle, stop } = exported(['cancelled'], journal, way);
      const given = handle([RUN], true);
      stop();
      expect(await given).toBe(false);
    }
    const last = exported([], journal, way);
    await last.handle([RUN], true);
    expect(last.calls).toHaveLength(1);
    expect(last.dead).toEqual([]);
  });

  test('is given back by who is not the holder any more: nothing is begun, and nothing becomes a dead letter', async () => {
    const { calls, dead, hold, handle } = exported(['refused', 'refused'], undefined, way);
    hold.isHeld = false;
    expect(await handle([RUN])).toBe(false);
    expect(calls).toEqual([]);
    hold.isHeld = true;
    const given = handle([RUN, RUN]);
    while (calls.length === 0) await Promise.resolve();
    hold.isHeld = false;
    expect(await given).toBe(false);
    expect(calls).toHaveLength(1);
    expect(dead).toEqual([]);
  });
});

test('a message that the server itself fails as too large was in vain, and is marked', async () => {
  const { calls, dead, handle } = exported(['too_large'], new TestJournal(), 'together', 1);
  expect(await handle([RUN, RUN])).toBe(true);
  expect([calls.length, dead.length]).toEqual([2, 1]);
});

test('messages that a server takes one at a time only were not in vain, and are not marked, when they come together', async () => {
  const journal = new TestJournal();
  const { calls, dead, handle } = exported([], journal, 'singly', 1);
  expect(await handle([RUN, RUN])).toBe(true);
  expect(calls).toEqual(
    [0, 1].map((n) => ['run', 1, { id: `h/i/1/7/${String(n)}`, again: false, fence: 3 }]),
  );
  expect([dead, journal.notes]).toEqual([[], []]);
});

describe('messages that come together', () => {
  const items = (count: number): Item[] => Array.from({ length: count }, () => RUN);
  const ids = (calls: readonly unknown[]): string[] =>
    calls.map((call) => (call as [string, number, { id: string }])[2].id.slice('h/i/1/7/'.length));
  const marked = (calls: readonly unknown[]): boolean[] =>
    calls.map((call) => (call as [string, number, { again: boolean }])[2].again);

  test('are handed over together when they come for the first time, and singly when they come again', async () => {
    const first = exported([]);
    expect(await first.handle(items(300))).toBe(true);
    expect(first.runs).toEqual([128, 128, 44]);
    expect(ids(first.calls)).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
    const again = exported([]);
    expect(await again.handle(items(3), true)).toBe(true);
    expect([again.runs, marked(again.calls)]).toEqual([
      [1, 1, 1],
      [true, true, true],
    ]);
  });

  test('go on together behind the one that failed', async () => {
    const { calls, runs, handle } = exported(['ok', 'refused', 'ok', 'ok', 'ok']);
    expect(await handle(items(5))).toBe(true);
    expect(ids(calls)).toEqual(['0', '1', '1', '2', '3', '4']);
    expect(runs).toEqual([5, 1, 3]);
  });

  test('come again, marked, singly and each once more, where the server was killed and nobody knows what it has done', async () => {
    const { calls, runs, handle } = exported(['ok', 'ok', 'killed']);
    expect(await handle(items(4))).toBe(true);
    expect(ids(calls)).toEqual(['0', '1', '2', '0', '1', '2', '3']);
    expect(marked(calls)).toEqual([false, false, false, true, true, true, true]);
    expect(runs).toEqual([4, 1, 1, 1, 1]);
  });

  test('are not begun from the end of the lease on; with another one they go on', async () => {
    const { calls, runs, hold, handle } = exported([]);
    hold.until = 0;
    const given = handle(items(3));
    while (runs.length < 4) await Promise.resolve();
    expect(calls).toEqual([]);
    hold.until = Infinity;
    expect(await given).toBe(true);
    expect(runs.slice(0, 4)).toEqual([3, 1, 1, 1]);
    expect(runs.slice(-2)).toEqual([1, 2]);
    expect(ids(calls)).toEqual(['0', '1', '2']);
  });

  test.each(['interrupt', 'stop'] as const)(
    'are not begun any more when the connection is lost or the host stops: it waits to hear how far they came (%s)',
    async (how) => {
      const { calls, runs, durable, hold, handle, interrupted } = exported(['ok', 'ok', 'ok']);
      const given = handle(items(5));
      while (calls.length < 2) await Promise.resolve();
      expect(durable.isQuiet).toBe(false);
      hold.isHeld = false;
      durable[how]();
      expect(await given).toBe(false);
      expect([runs, calls.length, interrupted(), durable.isQuiet]).toEqual([[5], 2, true, true]);
    },
  );

  test('have the same fate as if they had come one by one, but that more comes again after a kill', async () => {
    const reply = fc.oneof(
      { arbitrary: fc.constant<Reply>('ok'), weight: 8 },
      {
        arbitrary: fc.constantFrom<Reply>('refused', 'no_such_operation', 'noproc', 'full', 'down'),
        weight: 2,
      },
    );
    const script = fc.array(reply, { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 12 }), async (replies, count) => {
        const fates = [];
        for (const way of WAYS) {
          const journal = new TestJournal();
          const { calls, dead, handle } = exported(replies, journal, way);
          expect(await handle(items(count))).toBe(true);
          fates.push({ calls, dead: dead.length, notes: journal.notes });
        }
        expect(fates[0]).toEqual(fates[1]);
      }),
      { numRuns: 300 },
    );
    const killing = fc.oneof(
      { arbitrary: fc.constant<Reply>('ok'), weight: 8 },
      { arbitrary: fc.constantFrom<Reply>('refused', 'down', 'killed'), weight: 2 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(killing, { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        async (replies, count) => {
          const { calls, handle } = exported(replies);
          expect(await handle(items(count))).toBe(true);
          const begun = ids(calls).map(Number);
          // In order; each at least once; only marked ones come again.
          expect([...new Set(begun)]).toEqual(Array.from({ length: count }, (_, n) => n));
          const seen = new Set<number>();
          for (const [at, n] of begun.entries()) {
            if (seen.has(n)) expect(marked(calls)[at]).toBe(true);
            seen.add(n);
          }
          // A message goes back by no more than a run, and only once by each.
          const kills = replies.slice(0, begun.length).filter((one) => one === 'killed').length;
          const back = begun.filter((n, at) => at > 0 && n < (begun[at - 1] as number)).length;
          expect(back).toBeLessThanOrEqual(kills);
        },
      ),
      { numRuns: 300 },
    );
  });
});
