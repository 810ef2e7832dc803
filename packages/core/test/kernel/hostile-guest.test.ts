/** What a guest says is never believed further than its shape and its own things, and ends at most itself. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FRAME } from '../../src/channel/frames.js';
import { SYSTEM_CALLS } from '../../src/protocol/system-calls.js';
import { RawKernel, type RawGuest } from './raw-guest.js';

const violations = (kernel: RawKernel): readonly string[] =>
  kernel.events.flatMap((event) => (event.kind === 'violation' ? [event.path] : []));

describe('hostile guests', () => {
  test.each([
    ['no object', 5],
    ['an unknown call', { call: 'format', env: 0 }],
    ['a call of the prototype', { call: 'toString' }],
    ['a field of another type', { call: 'register', env: 0, id: 1, name: 5 }],
    ['an end without a cause', { call: 'exit', env: 0 }],
    ['a tag that only the kernel gives', { call: 'exit', env: 0, tag: 'killed', detail: undefined }],
    [
      'a signal with such a tag to somebody else',
      { call: 'signal', env: 0, target: 'e1', kind: 'exit', tag: 'limit', detail: undefined },
    ],
    ['a signal that was not sent', { call: 'exit', env: 0, signal: 77 }],
    ['another environment of its thread', { call: 'ready', env: 3, ignore: false }],
  ])('protocol: %s ends the caller with `protocol`, and nobody else', (_, call) => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(two, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    kernel.say(one, call);
    expect(violations(kernel)).toEqual(['tree/e0']);
    expect([one.terminated, two.terminated]).toEqual([true, false]);
    expect(two.of('gone')).toMatchObject([{ reason: { tag: 'protocol' }, downs: [{ env: 0 }] }]);
  });

  test('protocol: bytes that are no frame end the caller with `protocol`', () => {
    const kernel = new RawKernel();
    const [one] = kernel.start(1) as [RawGuest];
    one.link.send(new Uint8Array([1, 2, 3]));
    kernel.run();
    expect(violations(kernel)).toEqual(['tree/e0']);
  });

  test('protocol: a frame of a kind that has no place on a control link ends the caller', () => {
    for (const kind of [FRAME.message, FRAME.call, FRAME.reply]) {
      const kernel = new RawKernel();
      const [one] = kernel.start(1) as [RawGuest];
      kernel.say(one, { call: 'trapExits', env: 0, on: true }, kind);
      expect(violations(kernel)).toEqual(['tree/e0']);
    }
    const kernel = new RawKernel();
    const [one] = kernel.start(1) as [RawGuest];
    one.channel.sendPlain(FRAME.credit, 0, 0, 1, 1);
    one.channel.flush();
    kernel.run();
    expect(violations(kernel)).toEqual(['tree/e0']);
  });

  test('handles: numbers that were never given lead nowhere', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(one, { call: 'connect', id: 1, handle: 2 });
    kernel.say(one, { call: 'monitor', env: 0, id: 2, target: 99 });
    kernel.say(one, { call: 'ticket', id: 3, handle: 1, channel: 9 });
    kernel.say(one, { call: 'ticket', id: 4, handle: 5, channel: 1 });
    kernel.say(one, { call: 'signal', env: 0, target: 2, kind: 'kill', tag: 'error', detail: undefined });
    kernel.say(one, { call: 'violation', channel: 4, problem: 'slander' });
    kernel.say(one, { call: 'blocked', env: 0, channel: 7, slot: 7, on: true });
    kernel.say(one, { call: 'demonitor', env: 0, monitor: 12345 });
    kernel.say(one, { call: 'drop', handles: [5, 6], counts: [1] });
    kernel.say(one, { call: 'answer', id: 3, value: undefined });
    expect(one.of('answer').map(({ result }) => result.ok)).toEqual([false, true, false, false]);
    expect(violations(kernel)).toEqual([]);
    expect([one.terminated, two.terminated]).toEqual([false, false]);
    expect(kernel.events.filter(({ kind }) => kind === 'blocked')).toEqual([]);
  });

  test('handles: two guests cannot count others by theirs', () => {
    const kernel = new RawKernel();
    const guests = kernel.start(5);
    const handles = guests.map((guest) => guest.of('boot')[0]?.handle);
    expect(new Set(handles)).toEqual(new Set([1]));
  });

  test('drop: a handle that is given back is forgotten; one that is on its way is not', () => {
    const kernel = new RawKernel();
    const [one] = kernel.start(2) as [RawGuest];
    const resolve = (id: number): number => {
      kernel.say(one, { call: 'resolve', id, name: 'e1', follow: false });
      const answer = one.of('answer').find((notice) => notice.id === id);
      return answer?.result.ok === true ? (answer.result.value as number) : -1;
    };
    const handle = resolve(1);
    expect(resolve(2)).toBe(handle);
    kernel.say(one, { call: 'drop', handles: [handle], counts: [1] });
    expect(resolve(3)).toBe(handle);
    kernel.say(one, { call: 'drop', handles: [handle], counts: [2] });
    expect(resolve(4)).not.toBe(handle);
  });

  test('start: what an environment was started with is handed over, and not kept', () => {
    const kernel = new RawKernel();
    const [one] = kernel.start(1) as [RawGuest];
    expect(one.of('boot')[0]?.boot).toBeInstanceOf(Uint8Array);
    const kept = kernel.kernel.tree.environment('tree/e0')?.spec;
    expect(kept).toMatchObject({ name: 'e0' });
    expect(kept).not.toHaveProperty('boot');
  });

  test('supervise: only the administrator may', () => {
    const kernel = new RawKernel();
    const [one] = kernel.start(1) as [RawGuest];
    kernel.say(one, { call: 'supervise', id: 1, operation: { op: 'stop' } });
    expect(one.of('answer')).toMatchObject([{ result: { ok: false, code: 'operation_refused' } }]);
    expect(one.terminated).toBe(false);
  });

  test('end: one that announces its end and stays is terminated, and its word stands', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(two, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    kernel.say(one, { call: 'exit', env: 0, tag: 'normal', detail: undefined });
    expect(two.of('gone')).toEqual([]);
    kernel.clock.fireNext();
    kernel.run();
    expect(one.terminated).toBe(true);
    expect(two.of('gone')).toMatchObject([{ reason: { tag: 'normal' } }]);
  });

  test('end: one that does not look at an exit signal is terminated by it', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(two, { call: 'signal', env: 0, target: 'e0', kind: 'exit', tag: 'error', detail: undefined });
    expect(one.of('signal')).toHaveLength(1);
    kernel.clock.fireNext();
    kernel.run();
    expect(one.terminated).toBe(true);
  });

  test('end: an exit signal holds for one that has not said yet that it is ready', () => {
    const kernel = new RawKernel();
    const [one] = kernel.start(1) as [RawGuest];
    kernel.say(one, { call: 'link', env: 0, handle: 99 });
    kernel.say(one, { call: 'ready', env: 0, ignore: false });
    kernel.clock.fireNext();
    kernel.run();
    expect(one.terminated).toBe(true);
  });

  test('names: of a guest that ends are free before anybody is told', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(one, { call: 'register', env: 0, id: 1, name: 'mine' });
    kernel.say(two, { call: 'resolve', id: 1, name: 'mine', follow: true });
    kernel.say(two, { call: 'monitor', env: 0, id: 2, target: 'mine' });
    one.end?.({ kind: 'unexplained', exitCode: 134 });
    kernel.run();
    const order = two.notices
      .filter(({ notice }) => notice === 'name' || notice === 'gone')
      .map(({ notice }) => notice);
    expect(order).toEqual(['name', 'gone']);
    expect(two.of('name').at(-1)).toMatchObject({ name: 'mine', holder: { state: 'free' } });
  });

  test('wall: what a guest had said before its thread ended is read first', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(two, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    one.channel.sendValue(
      FRAME.control,
      0,
      0,
      0,
      { call: 'exit', env: 0, tag: 'shutdown', detail: undefined },
      1000,
    );
    one.channel.flush();
    one.end?.({ kind: 'unexplained', exitCode: 0 });
    kernel.run();
    expect(two.of('gone')).toMatchObject([{ reason: { tag: 'shutdown' } }]);
  });

  test('wall: one that has announced its end has ended with its link, before its thread is taken down', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(two, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    kernel.say(one, { call: 'exit', env: 0, tag: 'shutdown', detail: undefined });
    expect(two.of('gone')).toEqual([]);
    one.link.close();
    kernel.run();
    expect(two.of('gone')).toMatchObject([{ reason: { tag: 'shutdown' } }]);
    one.end?.({ kind: 'unexplained', exitCode: 0 });
    kernel.run();
    expect(two.of('gone')).toHaveLength(1);
  });

  test('wall: one that only closes its link has not ended', () => {
    const kernel = new RawKernel();
    const [one, two] = kernel.start(2) as [RawGuest, RawGuest];
    kernel.say(two, { call: 'monitor', env: 0, id: 1, target: 'e0' });
    one.link.close();
    kernel.run();
    expect(two.of('gone')).toEqual([]);
    one.end?.({ kind: 'unexplained', exitCode: 7 });
    kernel.run();
    expect(two.of('gone')).toMatchObject([{ reason: { tag: 'error' } }]);
  });

  test('protocol: no value at all makes the kernel throw', () => {
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      fc.record({ call: fc.constantFrom(...Object.keys(SYSTEM_CALLS)) }),
      fc.record(
        {
          call: fc.constantFrom(...Object.keys(SYSTEM_CALLS)),
          env: fc.oneof(fc.constantFrom(0, 1, -1, 65_536), fc.string()),
          id: fc.oneof(fc.nat(3), fc.constant(NaN)),
          name: fc.oneof(fc.string(), fc.constantFrom('e0', 'e1')),
          handle: fc.oneof(fc.nat(5), fc.double()),
          target: fc.oneof(fc.nat(5), fc.constantFrom('e0', 'e1', '')),
          channel: fc.nat(3),
          slot: fc.nat(3),
          on: fc.boolean(),
          ignore: fc.boolean(),
          follow: fc.boolean(),
          link: fc.boolean(),
          monitor: fc.oneof(fc.boolean(), fc.nat(5)),
          kind: fc.constantFrom('exit', 'kill', 'hug'),
          tag: fc.constantFrom('normal', 'error', 'killed'),
          detail: fc.oneof(fc.constant(undefined), fc.uint8Array()),
          request: fc.uint8Array(),
          handles: fc.array(fc.nat(5)),
          counts: fc.array(fc.nat(5)),
          cause: fc.constantFrom('dead', 'tired'),
          count: fc.nat(),
          problem: fc.string(),
          signal: fc.oneof(fc.constant(undefined), fc.nat(3)),
          value: fc.oneof(fc.constant(undefined), fc.uint8Array()),
          operation: fc.oneof(
            fc.anything(),
            fc.record({
              op: fc.constantFrom('tree', 'stop', 'request', 'inspect'),
              path: fc.string(),
              query: fc.string(),
            }),
          ),
        },
        { requiredKeys: ['call'] },
      ),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 10 }), (calls) => {
        const kernel = new RawKernel();
        const [one, two, three] = kernel.start(3) as [RawGuest, RawGuest, RawGuest];
        for (const call of calls) {
          if (one.terminated) break;
          try {
            one.channel.sendValue(FRAME.control, 0, 0, 0, call, 1 << 20);
          } catch {
            // No value of the closed set: it cannot be said.
          }
          kernel.run();
        }
        // The kernel goes on for the others, unless the guest was right to end one of them by its name.
        if (!two.terminated && three.terminated) return;
        kernel.say(three, { call: 'resolve', id: 1, name: 'nobody', follow: false });
        if (!three.terminated)
          expect(three.of('answer').at(-1)).toMatchObject({ id: 1, result: { ok: true } });
      }),
      { numRuns: 300 },
    );
  });
});
