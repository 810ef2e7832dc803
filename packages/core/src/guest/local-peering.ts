/** The way from an environment to itself, or to another in the same thread: as over any channel, without one. */
import type { FrameKind } from '../channel/frames.js';
import { bodyBytes, type Encoded, type Peering } from './peer-channel.js';

export class LocalPeering implements Peering {
  readonly id = 0;
  readonly #decode: (encoded: Encoded) => unknown;
  readonly #value: (
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    bytes: number,
  ) => void;
  readonly #plain: (kind: FrameKind, to: number, from: number, correlation: number, number: number) => void;

  constructor(
    decode: (encoded: Encoded) => unknown,
    value: (
      kind: FrameKind,
      to: number,
      from: number,
      correlation: number,
      value: unknown,
      bytes: number,
    ) => void,
    plain: (kind: FrameKind, to: number, from: number, correlation: number, number: number) => void,
  ) {
    this.#decode = decode;
    this.#value = value;
    this.#plain = plain;
  }

  /** Always the slow way: two ends in one thread must not share objects. */
  postNow(): undefined {
    return undefined;
  }

  postEncoded(kind: FrameKind, to: number, from: number, correlation: number, encoded: Encoded): void {
    this.#value(kind, to, from, correlation, this.#decode(encoded), bodyBytes(encoded));
  }

  postPlain(kind: FrameKind, to: number, from: number, correlation: number, number = 0): void {
    this.#plain(kind, to, from, correlation, number);
  }
}
