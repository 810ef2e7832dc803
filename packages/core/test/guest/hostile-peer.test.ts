/** A runtime whose kernel and whose peer are played by the test. */
import { describe, expect, test } from '@jest/globals';
import { Channel } from '../../src/channel/channel.js';
import { FRAME } from '../../src/channel/frames.js';
import { ValueCodec } from '../../src/guest/value-codec.js';
import { plainCodec } from '../../src/protocol/plain-codec.js';
import type { Context } from '../../src/index.js';
import { Runtime } from '../../src/guest/runtime.js';
import type { Notice } from '../../src/protocol/notices.js';
import type { SystemCall } from '../../src/protocol/system-calls.js';
import { LoopbackLinks, ManualClock } from '../../src/testing/index.js';
import { encodeOnce, portableTextCodec as text } from '../../src/values/index.js';
import { Recorder, Turns } from '../channel/bench.js';

const TERMS = {
  capacity: 20,
  capacityBytes: 1_000_000,
  messageBytes: 100_000,
  overflow: 'block',
  sendTimeoutMs: 1000,
} as const;

class Bench {
  readonly turns = new Turns();
  readonly links = new LoopbackLinks();
  readonly kernel = new Recorder();
  readonly peer = new Recorder();
  readonly control: Channel;
  readonly channel: Channel;
  readonly raw;
  readonly context: Context;
  readonly runtime: Runtime;

  constructor() {
    const { afterTurn } = this.turns;
    const [ours, theirs] = this.links.pair('control');
    this.control = new Channel({ afterTurn, codec: plainCodec(text), link: ours, receiver: this.kernel });
    this.runtime = new Runtime({
      control: theirs,
      links: this.links,
      clock: new ManualClock(),
      afterTurn: this.turns.afterTurn,
      nextTurn: () => undefined,
      text,
      collector: { watch: () => undefined },
      load: () => Promise.reject(new Error('nothing is loaded here')),
      log: () => undefined,
      idle: () => undefined,
    });
    this.context = this.runtime.openEndpoint(0, 1, TERMS).context;
    const [near, far] = this.links.pair('peer');
    this.raw = near;
    this.tell({ notice: 'channel', channel: 1 }, [far]);
    this.channel = new Channel({
      afterTurn,
      codec: new ValueCodec(text, true),
      link: near,
      receiver: this.peer,
    });
  }

  tell(notice: Notice, ends: Parameters<Channel['sendValue']>[6] = []): void {
    this.control.sendValue(FRAME.control, 0, 0, 0, notice, 1 << 20, ends);
    this.run();
  }

  run(): void {
    this.turns.end();
    for (let ready = this.links.ready(); ready.length > 0; ready = this.links.ready()) {
      ready[0]?.deliver();
      this.turns.end();
    }
  }

  send(
    kind:
      | typeof FRAME.message
      | typeof FRAME.cast
      | typeof FRAME.call
      | typeof FRAME.control
      | typeof FRAME.reply,
    value: unknown,
    correlation = 0,
  ): void {
    this.channel.sendValue(kind, 0, 0, correlation, value, 1 << 20);
    this.channel.flush();
    this.run();
  }

  get violations(): readonly string[] {
    return (this.kernel.values as SystemCall[]).flatMap((call) =>
      call.call === 'violation' ? [call.problem] : [],
    );
  }
}

describe('hostile peers', () => {
  test('peer: one that sends more than its credit is reported, and what it sent is not taken in', () => {
    const bench = new Bench();
    for (let n = 0; n < 8; n++) bench.send(FRAME.message, n);
    expect(bench.violations).toEqual([]);
    bench.send(FRAME.message, 8);
    expect(bench.violations).toHaveLength(1);
    expect(bench.context.statistics().mailbox).toBe(8);
  });

  test('peer: one that sends a larger message than its credit in bytes is reported', () => {
    const bench = new Bench();
    bench.send(FRAME.message, new Uint8Array(70_000));
    expect(bench.violations).toHaveLength(1);
    expect(bench.context.statistics().mailbox).toBe(0);
  });

  test('peer: transferred bytes need credit, too', () => {
    const bench = new Bench();
    bench.channel.sendEncoded(FRAME.message, 0, 0, 0, encodeOnce(1, { text }), [], [new ArrayBuffer(70_000)]);
    bench.channel.flush();
    bench.run();
    expect(bench.violations).toHaveLength(1);
  });

  test.each([
    ['a cast that is no list', FRAME.cast, 5],
    ['a cast without an operation', FRAME.cast, []],
    ['a cast whose operation is no text', FRAME.cast, [5]],
    ['a call that is no list', FRAME.call, null],
    ['a call whose operation is no text', FRAME.call, [{}, 1]],
    ['a run with something that is no call', FRAME.call, [Infinity, ['x'], 5]],
    ['a run of casts', FRAME.cast, [Infinity, ['x']]],
    ['a system call', FRAME.control, { call: 'exit', env: 0, tag: 'normal' }],
    ['a notice', FRAME.control, { notice: 'gone' }],
  ] as const)('peer: %s is reported, and does not throw', (_, kind, value) => {
    const bench = new Bench();
    bench.send(kind, value);
    expect(bench.violations).toHaveLength(1);
    expect(bench.context.statistics().mailbox).toBe(0);
  });

  test('peer: replies to calls that were not made, or were made to others, do nothing', async () => {
    const bench = new Bench();
    const call = bench.context.call('somebody', 'x', [], { timeoutMs: Infinity });
    let settled = false;
    call.then(
      () => (settled = true),
      () => (settled = true),
    );
    bench.run();
    for (let n = 0; n < 5; n++) bench.send(FRAME.reply, 'forged', n);
    await Promise.resolve();
    expect(settled).toBe(false);
    expect(bench.violations).toEqual([]);
  });

  test('peer: a ticket that was forgotten, or skipped, is reported', () => {
    const bench = new Bench();
    const body = encodeOnce([1], { text });
    bench.tell({ notice: 'ticket', channel: 1, ticket: 5, handle: 9 });
    bench.channel.sendEncoded(FRAME.message, 0, 0, 0, body, [5]);
    bench.channel.flush();
    bench.run();
    expect([bench.violations, bench.context.statistics().mailbox]).toEqual([[], 1]);
    bench.channel.sendEncoded(FRAME.message, 0, 0, 0, body, [4]);
    bench.channel.flush();
    bench.run();
    expect([bench.violations.length, bench.context.statistics().mailbox]).toEqual([1, 1]);
  });

  test('peer: a ticket that has not come yet holds up the channel, and no other', () => {
    const bench = new Bench();
    bench.channel.sendEncoded(FRAME.message, 0, 0, 0, encodeOnce([1], { text }), [5]);
    bench.channel.flush();
    bench.run();
    expect([bench.violations, bench.context.statistics().mailbox]).toEqual([[], 0]);
    bench.tell({ notice: 'ticket', channel: 1, ticket: 5, handle: 9 });
    expect(bench.context.statistics().mailbox).toBe(1);
  });

  test('peer: frames for an environment that is not there do nothing', () => {
    const bench = new Bench();
    for (const kind of [FRAME.message, FRAME.reply] as const)
      bench.channel.sendValue(kind, 77, 0, 1, 'x', 1000);
    for (const kind of [FRAME.credit, FRAME.want, FRAME.cancel, FRAME.forget] as const)
      bench.channel.sendPlain(kind, 77, 0, 1, 1);
    bench.channel.flush();
    bench.run();
    expect(bench.violations).toEqual([]);
  });

  test('kernel: when it is gone, calls in flight of the application end', async () => {
    const bench = new Bench();
    const call = bench.context.call('somebody', 'x', [], { timeoutMs: Infinity });
    const asked = bench.context.whereis('x');
    bench.run();
    bench.control.close();
    bench.run();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });
});
