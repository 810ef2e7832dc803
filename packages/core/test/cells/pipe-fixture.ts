/** Pipes inside one process: over real sockets, and over streams that a test feeds by hand. */
import { Readable, Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteStreams, TakeBytes } from '../../src/cells/byte-streams.js';
import { Pipe, type PipeOptions, type PipeProblem } from '../../src/cells/pipe.js';
import { connectStreams, offerStreams, type FarStreams } from '../../src/cells/stream-offer.js';
import type { LinkPair } from '../channel/link-suite.js';

export type Extras = Partial<Omit<PipeOptions, 'streams' | 'side'>>;

const afterTurn = (callback: () => void): void => {
  process.nextTick(callback);
};

/** Streams over the far ends of a pair: read by `data` events, as any stream can be. */
function farStreams([input, output]: readonly [Socket, Socket]): ByteStreams {
  return {
    input,
    output,
    receive: (take) => {
      input.on('data', (chunk: Buffer) => {
        const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        if (!take(bytes)) input.pause();
      });
    },
  };
}

export interface PipePair extends LinkPair {
  readonly parent: Pipe;
  readonly child: Pipe;
  readonly problems: PipeProblem[];
  /** The sockets of the child's side, to be ended as its death would. */
  readonly farSockets: readonly [Socket, Socket];
  close(): void;
}

export async function pipePair(ofParent: Extras = {}, ofChild: Extras = {}): Promise<PipePair> {
  const offer = offerStreams();
  const near = connectStreams(offer.address);
  const far = (await offer.far) as FarStreams;
  near.output.uncork();
  const problems: PipeProblem[] = [];
  const common = { afterTurn, violation: (problem: PipeProblem) => problems.push(problem) };
  const parent = new Pipe({ streams: near, side: 'parent', ...common, ...ofParent });
  const child = new Pipe({
    streams: farStreams(far),
    side: 'child',
    takesEnds: true,
    ...common,
    ...ofChild,
  });
  return {
    parent,
    child,
    near: parent.control,
    far: child.control,
    maker: parent,
    opener: child,
    turn: () => nextTurn(),
    problems,
    farSockets: far,
    close: () => {
      for (const end of [near.input, near.output, ...far]) end.destroy();
    },
  };
}

/** A pipe whose bytes come from the test, and go to it. */
export interface HandPipe {
  readonly pipe: Pipe;
  readonly problems: PipeProblem[];
  /** What the pipe has written so far. */
  written(): Uint8Array;
  /** Feeds it with bytes that are written over afterwards, as a socket's read buffer is. */
  feed(bytes: Uint8Array): void;
  /** Whether it asked to be fed no more for now. */
  readonly paused: boolean;
  endInput(): void;
}

export function handPipe(side: 'parent' | 'child', extras: Extras = {}): HandPipe {
  const problems: PipeProblem[] = [];
  const chunks: Uint8Array[] = [];
  let take: TakeBytes = () => false;
  let paused = false;
  const input = new Readable({ read: () => undefined });
  const output = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(Uint8Array.from(chunk));
      done();
    },
  });
  const pipe = new Pipe({
    streams: {
      input,
      output,
      receive: (taker) => {
        take = taker;
      },
    },
    side,
    takesEnds: true,
    afterTurn,
    violation: (problem) => problems.push(problem),
    ...extras,
  });
  return {
    pipe,
    problems,
    written: () => Uint8Array.from(Buffer.concat(chunks)),
    feed: (bytes) => {
      const buffer = Uint8Array.from(bytes);
      paused = !take(buffer);
      buffer.fill(0xee);
    },
    get paused() {
      return paused;
    },
    endInput: () => {
      input.push(null);
      input.read(0);
    },
  };
}
