/** The application's ends of direct pipes: what a cell does there that it must not costs it the pipe, and nothing else. */
import { expect, test } from '@jest/globals';
import { FIRST_WINDOW_MESSAGES } from '../../../src/channel/first-window.js';
import {
  FRAME,
  HEADER_BYTES,
  writeHeader,
  writeLength,
  type FrameKind,
} from '../../../src/channel/frames.js';
import type { Link, LinkReceiver } from '../../../src/channel/link.js';
import { LoopbackLinks } from '../../../src/channel/loopback.js';
import { encodeDirectEnd } from '../../../src/cells/direct/direct-end.js';
import type { DirectPipe } from '../../../src/cells/direct/direct-pipe.js';
import { DirectPipes } from '../../../src/cells/direct/direct-pipes.js';
import { FencedLink } from '../../../src/cells/direct/fenced-link.js';
import { encodeMark } from '../../../src/cells/direct/mark.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

const PIPE = 7;

class FakePipe implements DirectPipe {
  sentFrames = 1;
  bytesRead = 0;
  closed = false;
  finished = false;
  awaited: { frames: number; callback: () => void } | undefined;
  receiver: LinkReceiver | undefined;

  flush(): void {
    // Nothing is held back.
  }

  whenRead(frames: number, callback: () => void): boolean {
    this.awaited = { frames, callback };
    return this.closed;
  }

  take(): Link {
    return {
      send: () => undefined,
      receive: (receiver) => {
        this.receiver = receiver;
      },
      drain: () => undefined,
      close: () => undefined,
    };
  }

  finish(): void {
    this.finished = true;
  }

  close(): void {
    this.closed = true;
    this.awaited?.callback();
  }
}

function start() {
  const clock = new ManualClock();
  const over: (string | undefined)[] = [];
  const pipes = new DirectPipes({
    clock,
    nextTurn: (callback) => callback(),
    over: (_id, problem) => over.push(problem),
  });
  const pipe = new FakePipe();
  pipes.add(PIPE, () => pipe);
  const [kernels, own] = new LoopbackLinks().pair();
  const control = new FencedLink(own, pipes);
  const heard: (number | 'end')[] = [];
  control.receive({ batch: (bytes) => heard.push(bytes[0] as number), end: () => heard.push('end') });
  const deliver = (): void => {
    control.drain();
  };
  const pass = (ms: number): void => {
    const goal = clock.now() + ms;
    while (clock.fireNext(goal));
    clock.moveTo(goal);
  };
  return { clock, over, pipes, pipe, kernels, control, heard, deliver, pass };
}

function frame(kind: FrameKind, body: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body);
  writeHeader(bytes, 0, kind, 0, 0, 0, 0, 0);
  writeLength(bytes, 0, body);
  return bytes;
}

test('mark: what is said behind it waits until so much has come', () => {
  const { pipe, kernels, heard, deliver, over, pass } = start();
  kernels.send(Uint8Array.of(1));
  kernels.send(encodeMark({ pipe: PIPE, frames: 5 }));
  kernels.send(Uint8Array.of(2));
  deliver();
  expect(heard).toEqual([1]);
  expect(pipe.awaited?.frames).toBe(5);
  pipe.awaited?.callback();
  expect(heard).toEqual([1, 2]);
  pass(10_000);
  expect(over).toEqual([]);
});

test('mark: one that says more than was sent holds up the kernel’s word for a second, and loses its pipe', () => {
  const { pipe, kernels, heard, deliver, over, pass } = start();
  kernels.send(encodeMark({ pipe: PIPE, frames: 1e15 }));
  kernels.send(Uint8Array.of(2));
  deliver();
  pass(999);
  expect([heard, over]).toEqual([[], []]);
  pass(2);
  expect(heard).toEqual([2]);
  expect(over).toEqual(['it has announced messages that it did not send']);
  expect(pipe.closed).toBe(true);
});

test('mark: as long as something comes it is waited for', () => {
  const { pipe, kernels, deliver, over, pass } = start();
  kernels.send(encodeMark({ pipe: PIPE, frames: 5 }));
  deliver();
  for (let n = 0; n < 20; n += 1) {
    pipe.bytesRead += 1;
    pass(900);
  }
  expect(over).toEqual([]);
});

test('mark: the end of a cell is waited for until its pipe has ended, too', () => {
  const { pipe, kernels, heard, deliver, over, pass } = start();
  kernels.send(encodeMark({ pipe: PIPE, frames: Infinity }));
  kernels.send(Uint8Array.of(2));
  deliver();
  pass(10_000);
  expect([pipe.finished, heard, over]).toEqual([true, [], []]);
  pipe.awaited?.callback();
  expect(heard).toEqual([2]);
});

test('mark: of what is sent here one leaves before the next word, once', () => {
  const { pipe, kernels, control } = start();
  const got: number[] = [];
  kernels.receive({ batch: (bytes) => got.push(bytes.length), end: () => undefined });
  control.send(new Uint8Array(3));
  pipe.sentFrames = 4;
  control.send(new Uint8Array(3));
  control.send(new Uint8Array(3));
  kernels.drain();
  expect(got).toEqual([3, encodeMark({ pipe: PIPE, frames: 4 }).length, 3, 3]);
});

const opened = (pipes: DirectPipes, pipe = PIPE): Link => {
  const end = pipes.taken(encodeDirectEnd({ pipe, link: 1 }));
  return pipes.opener(new LoopbackLinks()).open(end as never);
};

test('account: who sends without credit loses its pipe, and what it sent is not delivered', () => {
  const { pipes, pipe, over } = start();
  const got: Uint8Array[] = [];
  opened(pipes).receive({ batch: (bytes) => got.push(bytes), end: () => undefined });
  for (let n = 0; n <= FIRST_WINDOW_MESSAGES; n += 1) pipe.receiver?.batch(frame(FRAME.message, 10), []);
  expect(got).toHaveLength(FIRST_WINDOW_MESSAGES);
  expect(over).toEqual(['a message was sent without credit']);
  expect(pipe.closed).toBe(true);
});

test.each([
  ['a reply that nobody waits for', frame(FRAME.reply, 1)],
  ['a system call', frame(FRAME.control, 1)],
  ['a header that is cut off', new Uint8Array(3)],
])('account: %s costs the pipe', (_, bytes) => {
  const { pipes, pipe, over } = start();
  const got: Uint8Array[] = [];
  opened(pipes).receive({ batch: (batch) => got.push(batch), end: () => undefined });
  pipe.receiver?.batch(bytes, []);
  expect([got, over.length]).toEqual([[], 1]);
});

test('a link of a pipe that is no more leads nowhere', () => {
  const { pipes, over } = start();
  const link = opened(pipes, 99);
  link.receive({ batch: () => undefined, end: () => undefined });
  link.send(new Uint8Array(1));
  link.close();
  expect(over).toEqual([]);
});
