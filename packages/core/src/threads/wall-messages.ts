/**
 * What a thread's bootstrap and its wall say to each other, over a port of their own beside the control
 * link: before guest code runs the way in, afterwards what is printed. Guests never hold this port; the
 * wall checks what comes from it all the same.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Wall, WallRequest, WallThread } from '../kernel/wall.js';
import type { RunningCode, ThreadCode } from './thread-code.js';
import type { GuestTicket } from './test-clock/tickets.js';

/** Handed to a new thread in `workerData`. */
export interface ThreadPorts {
  readonly control: MessagePort;
  readonly wall: MessagePort;
  /** See inspection-gate.ts. */
  readonly gate: SharedArrayBuffer;
  /** Where the thread's code was compiled before. */
  readonly code: ThreadCode | RunningCode | undefined;
}

export type FromWall =
  /** Said once, and first: the guest may be let in. */
  | {
      readonly tag: 'boot';
      readonly outputBytesPerSecond: number;
      readonly env: Readonly<Record<string, string>>;
      /** Under a test clock. */
      readonly ticket: GuestTicket | undefined;
    }
  /** They were changed. */
  | { readonly tag: 'limits'; readonly outputBytesPerSecond: number }
  /** One more environment is to run in this thread: its end of its control link. */
  | { readonly tag: 'beside'; readonly number: number; readonly control: MessagePort }
  /** That one is to end. */
  | { readonly tag: 'let go'; readonly number: number };

export interface ThreadRequest extends Omit<WallRequest, 'boundary'> {
  readonly ticket?: GuestTicket;
}

/** The thread wall, as the test clock stands in front of it. */
export interface ThreadStarter extends Wall {
  start(request: ThreadRequest): WallThread;
}

export type PrintedStream = 'stdout' | 'stderr';
/** `log`: each text is one record, which is passed on whole or not at all. */
export type OutputStream = PrintedStream | 'log';

export type FromBootstrap =
  | {
      readonly tag: 'ready';
      /** The system's id of the thread; -1 where there is no /proc. */
      readonly tid: number;
      /** What V8 really took as the hard limit of the heap. */
      readonly heapLimitMb: number;
    }
  /** A spare has gone through a start for practice. */
  | {
      readonly tag: 'rehearsed';
      /** The thread's code as compiled by then, if that was asked for. */
      readonly compiled: Uint8Array | undefined;
    }
  | {
      readonly tag: 'output';
      readonly stream: OutputStream;
      readonly text: string;
      readonly dropped: number;
    };

export function isOutputStream(stream: unknown): stream is OutputStream {
  return stream === 'stdout' || stream === 'stderr' || stream === 'log';
}

/** What the bootstrap sent, or undefined for what it would never send. */
export function readFromBootstrap(message: unknown): FromBootstrap | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { tag, tid, heapLimitMb, stream, text, dropped, compiled } = message as Record<string, unknown>;
  if (tag === 'ready') {
    if (typeof tid !== 'number' || typeof heapLimitMb !== 'number') return undefined;
    return { tag, tid, heapLimitMb };
  }
  if (tag === 'rehearsed') {
    return compiled === undefined || compiled instanceof Uint8Array ? { tag, compiled } : undefined;
  }
  if (tag !== 'output' || !isOutputStream(stream)) return undefined;
  if (typeof text !== 'string' || typeof dropped !== 'number') return undefined;
  return { tag, stream, text, dropped };
}
