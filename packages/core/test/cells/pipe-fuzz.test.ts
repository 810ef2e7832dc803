/** Streams of a pipe in pieces of any size, and streams that are none. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Link, Transfer } from '../../src/channel/link.js';
import { handPipe, type HandPipe } from './pipe-fixture.js';

/** Something to be done with one of the links that are open; `which` is taken modulo their number. */
type Step =
  | {
      readonly step: 'send';
      readonly which: number;
      readonly size: number;
      readonly buffers: readonly number[];
    }
  | { readonly step: 'pair' }
  | { readonly step: 'close'; readonly which: number };

const sizes = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(32_759, 32_768, 262_135, 262_136, 300_000) },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        step: fc.constant('send' as const),
        which: fc.nat(50),
        size: sizes,
        buffers: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('pair' as const) }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('close' as const), which: fc.nat(50) }) },
  ),
  { maxLength: 40 },
);
/** Where a stream is cut into chunks: sizes that are used in turn. */
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 70_000 })), {
  minLength: 1,
  maxLength: 20,
});

/** What happened on the links, in the one order that a pipe keeps, by the links' numbers. */
type Event =
  | readonly [link: number, what: 'batch', size: number, buffers: readonly number[]]
  | readonly [link: number, what: 'end'];

function write(program: readonly Step[]): { bytes: Uint8Array; events: Event[] } {
  const hand = handPipe('parent');
  const events: Event[] = [];
  const links: { id: number; link: Link }[] = [];
  let lastId = 0;
  for (const step of program) {
    const at = step.step === 'pair' ? 0 : step.which % (links.length + 1);
    const target = links[at - 1];
    if (step.step === 'pair') {
      const [mine, theirs] = hand.pipe.pair();
      lastId += 2;
      links.push({ id: lastId, link: hand.pipe.open(mine) });
      hand.pipe.control.send(Uint8Array.of(1), [theirs]);
      events.push([0, 'batch', 1, []]);
    } else if (step.step === 'send') {
      const batch = new Uint8Array(step.size).fill(step.size);
      const buffers = step.buffers.map((size) => new ArrayBuffer(size));
      (target?.link ?? hand.pipe.control).send(batch, buffers);
      batch.fill(0xee);
      events.push([target?.id ?? 0, 'batch', step.size, step.buffers]);
    } else if (target !== undefined) {
      target.link.close();
      links.splice(at - 1, 1);
      events.push([target.id, 'end']);
    }
  }
  hand.pipe.flush();
  return { bytes: hand.written(), events };
}

function feedInChunks(hand: HandPipe, bytes: Uint8Array, chunks: readonly number[]): void {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const end = at + (chunks[n % chunks.length] as number);
    hand.feed(bytes.subarray(at, end));
    at = end;
  }
}

/** Listens to the control link and to every link whose end comes over it. */
function listen(hand: HandPipe): { events: Event[]; ends: Map<number, number>; corrupt: number[] } {
  const events: Event[] = [];
  const corrupt: number[] = [];
  const ends = new Map<number, number>();
  const to = (link: Link, id: number): void => {
    link.receive({
      batch(bytes, transfers: readonly Transfer[]) {
        const buffers: number[] = [];
        for (const transfer of transfers) {
          if (transfer instanceof ArrayBuffer) buffers.push(transfer.byteLength);
          else to(hand.pipe.open(transfer), (transfer as { id: number }).id);
        }
        events.push([id, 'batch', bytes.length, buffers]);
        // As they were filled; those that bring an end are of one byte.
        const expected = Buffer.alloc(bytes.length, bytes.length % 256);
        if (bytes.length > 1 && !expected.equals(bytes)) corrupt.push(id);
      },
      end() {
        ends.set(id, (ends.get(id) ?? 0) + 1);
        events.push([id, 'end']);
      },
    });
    // What was held is taken up at once, so that the order over all links can be seen.
    link.drain();
  };
  to(hand.pipe.control, 0);
  return { events, ends, corrupt };
}

describe('a stream in any pieces', () => {
  test('chunks: whatever was sent arrives, in one order over all links, however the stream is cut', () => {
    fc.assert(
      fc.property(steps, cuts, (program, chunks) => {
        const { bytes, events } = write(program);
        const hand = handPipe('child');
        const heard = listen(hand);
        feedInChunks(hand, bytes, chunks);
        expect(heard.events).toEqual(events);
        expect([hand.problems, heard.corrupt]).toEqual([[], []]);
      }),
      { numRuns: 300 },
    );
  });

  test('truncated: of a stream that ends anywhere, what was whole arrives, and every link ends once', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        cuts,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (program, chunks, part) => {
          const { bytes, events } = write(program);
          const hand = handPipe('child');
          const heard = listen(hand);
          feedInChunks(hand, bytes.subarray(0, Math.floor(part * bytes.length)), chunks);
          const arrived = heard.events.length;
          expect(heard.events).toEqual(events.slice(0, arrived));
          hand.endInput();
          await nextTurn();
          expect(hand.problems.filter(({ kind }) => kind !== 'cut-off')).toEqual([]);
          expect([...heard.ends.values()].every((ends) => ends === 1)).toBe(true);
          expect(heard.ends.get(0)).toBe(1);
        },
      ),
      { numRuns: 150 },
    );
  });
});

const mutations = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom('flip', 'insert', 'remove'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(
  bytes: Uint8Array,
  changes: readonly { at: number; kind: string; bytes: Uint8Array }[],
): Uint8Array {
  let out = Buffer.from(bytes);
  for (const change of changes) {
    const at = Math.floor(change.at * out.length);
    const kept = out.subarray(0, at);
    const given = Buffer.from(change.bytes);
    if (change.kind === 'insert') out = Buffer.concat([kept, given, out.subarray(at)]);
    else if (change.kind === 'remove') out = Buffer.concat([kept, out.subarray(at + given.length)]);
    else out = Buffer.concat([kept, given, out.subarray(at + given.length)]);
  }
  return Uint8Array.from(out);
}

describe('a stream that is none', () => {
  const harmless = async (bytes: Uint8Array, chunks: readonly number[]): Promise<void> => {
    const hand = handPipe('child', { maxFrameBytes: 400_000, maxLinks: 100 });
    const heard = listen(hand);
    feedInChunks(hand, bytes, chunks);
    hand.endInput();
    await nextTurn();
    expect(hand.problems.length).toBeLessThanOrEqual(1);
    expect(heard.ends.get(0)).toBe(1);
    expect([...heard.ends.values()].every((ends) => ends === 1)).toBe(true);
    const after = heard.events.length;
    hand.feed(bytes);
    expect(heard.events).toHaveLength(after);
  };

  test('garbage: bytes of any kind throw nothing, and end every link once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        cuts,
        fc.boolean(),
        async (garbage, chunks, behind) => {
          const start = behind ? write([]).bytes : new Uint8Array();
          await harmless(Uint8Array.from([...start, ...garbage]), chunks);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('garbage: streams with bytes changed, put in and left out throw nothing, and end every link once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, mutations, cuts, async (program, changes, chunks) => {
        await harmless(mutate(write(program).bytes, changes), chunks);
      }),
      { numRuns: 300 },
    );
  });
});
