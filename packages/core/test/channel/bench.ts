/** Two ends of a loopback link, turns that end when a test says so, and a receiver that writes down what it gets. */
import { ValueCodec } from '../../src/guest/value-codec.js';
import { Channel } from '../../src/channel/channel.js';
import type { ChannelReceiver } from '../../src/channel/channel-receiver.js';
import type { FrameKind } from '../../src/channel/frames.js';
import type { Link, Transfer } from '../../src/channel/link.js';
import { LoopbackLinks } from '../../src/testing/index.js';
import { portableTextCodec, type Reference } from '../../src/values/index.js';

export class Turns {
  #due: (() => void)[] = [];

  readonly afterTurn = (callback: () => void): void => {
    this.#due.push(callback);
  };

  end(): void {
    while (this.#due.length > 0) for (const callback of this.#due.splice(0)) callback();
  }
}

export interface Got {
  readonly kind: FrameKind;
  readonly to: number;
  readonly from: number;
  readonly correlation: number;
  readonly value: unknown;
  readonly bytes: number;
  readonly ends: readonly Transfer[];
}

export class Recorder implements ChannelReceiver {
  readonly got: Got[] = [];
  readonly plains: (readonly [FrameKind, number, number])[] = [];
  readonly violations: string[] = [];
  readonly tickets = new Map<number, Reference>();
  ends = 0;

  value(
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    bytes: number,
    ends: readonly Transfer[],
  ): void {
    this.got.push({ kind, to, from, correlation, value, bytes, ends });
  }

  plain(kind: FrameKind, _to: number, _from: number, correlation: number, number: number): void {
    this.plains.push([kind, correlation, number]);
  }

  ticket(ticket: number): Reference | undefined {
    return this.tickets.get(ticket);
  }

  violation(problem: string): void {
    this.violations.push(problem);
  }

  ended(): void {
    this.ends++;
  }

  get values(): readonly unknown[] {
    return this.got.map(({ value }) => value);
  }
}

export const MANY = 1 << 24;

/** A sending and a receiving channel; `batches` counts what goes over the link. */
export function channelPair(): {
  turns: Turns;
  links: LoopbackLinks;
  sender: Channel;
  receiver: Recorder;
  receiving: Channel;
  batches: Uint8Array[];
  raw: Link;
  deliver(): void;
} {
  const turns = new Turns();
  const links = new LoopbackLinks();
  const [near, far] = links.pair();
  const batches: Uint8Array[] = [];
  const counted: Link = {
    send: (batch, transfers) => {
      batches.push(batch.slice());
      near.send(batch, transfers);
    },
    receive: (receiver) => {
      near.receive(receiver);
    },
    drain: () => {
      near.drain();
    },
    close: () => {
      near.close();
    },
  };
  const receiver = new Recorder();
  const text = portableTextCodec;
  const sender = new Channel({
    link: counted,
    receiver: new Recorder(),
    afterTurn: turns.afterTurn,
    codec: new ValueCodec(text, true),
  });
  const receiving = new Channel({
    link: far,
    receiver,
    afterTurn: turns.afterTurn,
    codec: new ValueCodec(text, true),
  });
  const deliver = (): void => {
    for (let ready = links.ready(); ready.length > 0; ready = links.ready()) ready[0]?.deliver();
  };
  return { turns, links, sender, receiver, receiving, batches, raw: near, deliver };
}
