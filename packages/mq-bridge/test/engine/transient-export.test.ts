import { describe, expect, test } from '@jest/globals';
import { CallError, type Address, type ExitReason } from '@espalier/core';
import { ManualClock } from '@espalier/core/testing';
import type { HandleFrame } from '../../src/engine/intake.js';
import type { LocalSide } from '../../src/engine/local-side.js';
import { TransientExport } from '../../src/engine/transient-export.js';
import type { Item } from '../../src/wire/frames.js';

/** How the environment's mailbox takes a message: at once, later, or not. */
type Taking = 'at once' | 'later' | CallError['code'];

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An export of one environment, whose mailbox takes messages so, and from then on at once. */
async function exported(takings: readonly Taking[], isUp = true) {
  const clock = new ManualClock();
  const taken: unknown[] = [];
  const left = [...takings];
  let undelivered = 0;
  let opened = 0;
  /** What the broker takes for a queue. */
  let opening: Promise<void> | undefined;
  const announced: number[] = [];
  let end: (reason: ExitReason) => void = () => undefined;
  let handle: HandleFrame = () => false;
  const send = (_to: unknown, value: unknown): Promise<void> | undefined => {
    const how = left.shift() ?? 'at once';
    if (how !== 'at once' && how !== 'later')
      return Promise.reject(new CallError(how, 'as the test wants it'));
    taken.push(value);
    return how === 'later' ? turn() : undefined;
  };
  const local = {
    awaitHolder: () => Promise.resolve({} as Address),
    watch: (_target, ended) => (end = ended),
    send,
    cast: (to, operation, parameters) => send(to, [operation, ...parameters]),
    sendExit: (_to, { tag }) => taken.push(tag),
    kill: () => taken.push('kill'),
    tie: () => {
      taken.push('tie');
      return Promise.resolve({
        end: ({ tag }) => taken.push(`ends ${tag}`),
        undo: () => taken.push('undone'),
      });
    },
  } as Partial<LocalSide> as LocalSide;
  const one = new TransientExport({
    name: 'box',
    to: 'box',
    local,
    clock,
    open: async (_life, given) => {
      opened++;
      handle = given;
      await opening;
    },
    announce: (life) => announced.push(life),
    await: () => undefined,
    close: () => undefined,
    answer: () => undefined,
    isUp: () => isUp,
    undelivered: (count) => (undelivered += count),
  });
  one.start();
  await turn();
  const hand = (count: number): boolean | Promise<boolean> => {
    const items = Array.from({ length: count }, (_, value) => ({ kind: 'message' as const, value }));
    return handle({ stream: 'h/i/1', seq: 1, low: 1, items, again: false });
  };
  const frame = async (count: number): Promise<boolean> => await hand(count);
  const signals = async (...items: readonly Item[]): Promise<boolean> =>
    await handle({
      stream: 'h/i/1',
      seq: 1,
      low: 1,
      items: [{ kind: 'message', value: 'before' }, ...items],
      again: false,
    });
  return {
    clock,
    taken,
    one,
    hand,
    frame,
    signals,
    end: () => end({ tag: 'normal' }),
    undelivered: () => undelivered,
    opened: () => opened,
    announced,
    opensSlowly: () =>
      new Promise<() => void>((started) => void (opening = new Promise((open) => started(open)))),
  };
}

describe('what comes to a transient mailbox', () => {
  test('is handed over in its order, whatever is taken at once, later, or when there is room again', async () => {
    const { clock, taken, frame, undelivered } = await exported([
      'at once',
      'later',
      'full',
      'full',
      'later',
    ]);
    let isDone = false;
    const done = frame(6).finally(() => (isDone = true));
    for (let turns = 0; !isDone && turns < 100; turns++) {
      await turn();
      clock.fireNext();
    }
    expect(await done).toBe(true);
    expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
    expect(undelivered()).toBe(0);
  });

  test('is handed over in one turn where the mailbox takes it', async () => {
    const { taken, hand } = await exported([]);
    expect(hand(100)).toBe(true);
    expect(taken).toHaveLength(100);
  });

  test('is counted where the environment cannot take it, and the next message is handed over', async () => {
    const { taken, frame, undelivered } = await exported(['at once', 'too_large', 'noproc']);
    expect(await frame(4)).toBe(true);
    expect(taken).toEqual([0, 3]);
    expect(undelivered()).toBe(2);
  });

  test.each(['ended', 'stopped'])(
    'is counted as undelivered once the environment or the bridge has %s',
    async (how) => {
      const { clock, taken, frame, one, end, undelivered } = await exported(['at once', 'full']);
      const done = frame(5);
      await turn();
      if (how === 'ended') end();
      else one.stop();
      clock.fireNext();
      expect(await done).toBe(true);
      expect(taken).toEqual([0]);
      expect(undelivered()).toBe(4);
    },
  );

  test('has exit signals and links in their place, and ends the link when the host is down', async () => {
    const { taken, signals, one } = await exported([]);
    await signals(
      { kind: 'exit', tag: 'shutdown', detail: undefined, isLast: false },
      { kind: 'link' },
      { kind: 'exit', tag: 'of a later version', detail: undefined, isLast: false },
    );
    expect(taken).toEqual(['before', 'shutdown', 'tie', 'error']);
    one.hostGone('another');
    one.hostGone('i');
    await turn();
    expect(taken.slice(4)).toEqual(['ends noconnection']);
  });

  test('has no signals and links of a host that is down: that was told already', async () => {
    const { taken, signals, one } = await exported([], false);
    await signals(
      { kind: 'exit', tag: 'error', detail: undefined, isLast: true },
      { kind: 'link' },
      { kind: 'unlink' },
    );
    one.kill('h/i/1', 1);
    expect(taken).toEqual(['before']);
  });

  test.each(['ended', 'stopped'])('has no signals once the environment or the bridge has %s', async (how) => {
    const { taken, signals, one, end } = await exported([]);
    if (how === 'ended') end();
    else one.stop();
    await signals({ kind: 'exit', tag: 'error', detail: undefined, isLast: false });
    one.kill('h/i/1', 1);
    expect(taken).toEqual([]);
  });

  test('is killed though its mailbox is full, and in no other life than was meant', async () => {
    const { taken, frame, one } = await exported(['full']);
    void frame(1);
    await turn();
    one.kill('h/i/1', 2);
    expect(taken).toEqual([]);
    one.kill('h/i/1', 1);
    expect(taken).toEqual(['kill']);
  });

  test('has no signals that were in hand when this host was taken for down: who was linked has heard that', async () => {
    const { taken, signals, one, clock } = await exported(['full']);
    const handled = signals(
      { kind: 'link' },
      { kind: 'exit', tag: 'error', detail: undefined, isLast: true },
    );
    await turn();
    one.withdrawn();
    await one.renew();
    clock.fireNext();
    await handled;
    expect(taken).toEqual(['before']);
  });

  test('is not announced if its host was taken for down while it was opened: it is opened anew first', async () => {
    const { one, end, opensSlowly, announced } = await exported([]);
    const open = await opensSlowly();
    end();
    await turn();
    one.withdrawn();
    open();
    await turn();
    expect(announced).toEqual([1]);
    await one.renew();
    expect(announced).toEqual([1, 3]);
  });

  test('is opened anew when its host was taken for down, but for a life that began since', async () => {
    const { one, end, opened } = await exported([]);
    one.withdrawn();
    end();
    await turn();
    await one.renew();
    expect(opened()).toBe(2);
    one.withdrawn();
    await one.renew();
    expect(opened()).toBe(3);
  });
});
