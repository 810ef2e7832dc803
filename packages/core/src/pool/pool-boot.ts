/** What the host of a pool is started with, and what it and its threads say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Image } from '../images/image.js';
import type { WallLimits } from '../kernel/wall.js';
import type { OutputStream } from '../threads/wall-messages.js';

export interface PoolOptions {
  /** Threads that are kept when there is nothing to do. */
  readonly minThreads: number;
  readonly maxThreads: number;
  /** Tasks that may wait for a thread; one more is refused with `full`. */
  readonly queue: number;
  /** Tasks that one thread runs at a time. */
  readonly concurrentTasks: number;
  /** A thread above `minThreads` that has had no task for so long ends. */
  readonly idleTimeoutMs: number;
  /** Of each thread. */
  readonly limits: WallLimits;
  /** The whole `process.env` of each thread. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PoolBoot extends PoolOptions {
  readonly image: Image;
  readonly bindings: Readonly<Record<string, unknown>>;
}

/** `workerData` of a pool's thread. */
export interface PoolThreadPorts {
  readonly port: MessagePort;
  readonly outputBytesPerSecond: number;
  /** See threads/inspection-gate.ts. */
  readonly gate: SharedArrayBuffer;
}

/** Said once, when the thread is guarded and Piscina's own start is over. */
export interface ToPoolThread {
  readonly tag: 'boot';
  readonly image: Image;
  /** Encoded. */
  readonly bindings: Uint8Array;
}

export type FromPoolThread =
  /** Hardened, without guest code so far. */
  | { readonly tag: 'ready'; readonly tid: number }
  | { readonly tag: 'loaded'; readonly operations: readonly string[] }
  /** The image threw while it was evaluated, or exports no function; encoded. */
  | { readonly tag: 'unfit'; readonly error: Uint8Array }
  | {
      readonly tag: 'output';
      readonly stream: OutputStream;
      readonly text: string;
      readonly dropped: number;
    };

/** What Piscina carries to a thread. */
export interface TaskRequest {
  readonly operation: string;
  /** Encoded. */
  readonly parameters: Uint8Array;
}

/** What Piscina carries back: the encoded result, or what was thrown. */
export interface TaskOutcome {
  readonly ok: boolean;
  readonly value: Uint8Array;
}

/** The most that arguments or a result may take, encoded. Bytes. */
export const MAX_TASK_BYTES = 256 * 1024 * 1024;
