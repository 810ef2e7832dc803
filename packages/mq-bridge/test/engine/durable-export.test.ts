import { describe, expect, test } from '@jest/globals';
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
  readonly #journal: TestJournal;
  readonly #life: string;

  constructor(journal: TestJournal) {
    this.#journal = journal;
    this.#life = String(++journal.lives);
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

type Reply = 'ok' | 'never' | CallError['code'];

/** A server that gives these answers, one after the other, and `ok` from then on. */
function exported(replies: readonly Reply[], journal = new TestJournal()) {
  const clock = new ManualClock();
  const calls: unknown[] = [];
  const dead: Item[] = [];
  const left = [...replies];
  const hold = new TestHold(journal);
  const local = {
    call: async (_to: unknown, operation: string, parameters: readonly unknown[]) => {
      calls.push([operation, ...parameters]);
      const reply = left.shift() ?? 'ok';
      if (reply === 'never') await new Promise(() => undefined);
      else if (reply !== 'ok') throw new CallError(reply, 'as the test wants it');
    },
  } as unknown as LocalSide;
  const durable = new DurableExport({
    name: 'jobs',
    to: 'worker',
    attempts: 2,
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
  return { calls, dead, hold, handle, begin, stop: () => durable.stop() };
}

const RUN: Item = { kind: 'cast', operation: 'run', parameters: [1] };

describe('a durable message', () => {
  test('is a call whose last argument says which message it is', async () => {
    const { calls, handle } = exported([]);
    await handle([RUN, { kind: 'message', value: 'x' }], true);
    expect(calls).toEqual([
      ['run', 1, { id: 'h/i/1/7/0', again: true, fence: 3 }],
      ['message', 'x', { id: 'h/i/1/7/1', again: true, fence: 3 }],
    ]);
  });

  test('comes again where the server has failed, and becomes a dead letter after so many times', async () => {
    const { calls, dead, handle } = exported(['down', 'ok', 'refused', 'down', 'ok']);
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
    const { calls, dead, handle } = exported(Array.from({ length: 50 }, () => 'noproc' as const));
    await handle([RUN]);
    expect(calls).toHaveLength(51);
    expect(dead).toEqual([]);
  });

  test('was in vain for the next holder, too, and what ended the last one was; nobody begins it once more than that', async () => {
    const journal = new TestJournal();
    const first = exported(['refused'], journal);
    const given = first.handle([RUN, RUN]);
    while (journal.notes.length === 0) await Promise.resolve();
    first.hold.isHeld = false;
    expect(await given).toBe(false);
    // The second one ends while it handles it.
    const second = exported(['never'], journal);
    second.begin([RUN]);
    while (second.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const third = exported([], journal);
    expect(await third.handle([RUN], true)).toBe(true);
    expect(third.calls).toEqual([]);
    expect(third.dead).toEqual([RUN]);
  });

  test('that its holder has left was not in vain', async () => {
    const journal = new TestJournal();
    for (let lives = 0; lives < 5; lives++) {
      const { handle, stop } = exported(['cancelled'], journal);
      const given = handle([RUN], true);
      stop();
      expect(await given).toBe(false);
    }
    const last = exported([], journal);
    await last.handle([RUN], true);
    expect(last.calls).toHaveLength(1);
    expect(last.dead).toEqual([]);
  });

  test('is given back by who is not the holder any more: nothing is begun, and nothing becomes a dead letter', async () => {
    const { calls, dead, hold, handle } = exported(['refused', 'refused']);
    hold.isHeld = false;
    expect(await handle([RUN])).toBe(false);
    expect(calls).toEqual([]);
    hold.isHeld = true;
    const given = handle([RUN, RUN]);
    hold.isHeld = false;
    expect(await given).toBe(false);
    expect(calls).toHaveLength(1);
    expect(dead).toEqual([]);
  });
});
