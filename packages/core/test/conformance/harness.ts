/**
 * What the conformance grid needs from a host. Every suite of the grid is written against this alone,
 * so that it runs unchanged over loopback links in one thread and over threads: see
 * simulation-harness.ts and threads-harness.ts.
 *
 * No test of the grid sleeps. What has to come is awaited with `settle`; what takes time (a timeout, a
 * report after a second) is awaited by what it brings.
 */
import type { Context, ExitReason } from '../../src/index.js';
import type { KernelEvent } from '../../src/kernel/index.js';
import type { MailboxTerms } from '../../src/protocol/notices.js';

export interface GridChild {
  /** Also its name, unless `name` says otherwise. */
  readonly id: string;
  readonly name?: string;
  /** A file of conformance/modules, without its ending; its default export is the behaviour. */
  readonly module: string;
  readonly args?: unknown;
  readonly terms?: Partial<MailboxTerms>;
  /** `temporary` by default: most tests want an end to be an end. */
  readonly restart?: 'permanent' | 'transient' | 'temporary';
  /** 5000 by default. */
  readonly shutdown?: number | 'brutal_kill';
}

export interface GridOptions {
  /** How many restarts the supervisor allows before it gives up; 3 by default. */
  readonly intensity?: number;
}

export interface Grid {
  /** The application's endpoint. */
  readonly context: Context;
  /** Why the tree did not come up. */
  readonly failure: ExitReason | undefined;
  /** Everything the kernel has reported so far, in order. */
  readonly events: readonly KernelEvent[];
  /** Awaits, and lets happen what has to happen meanwhile. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Waits until the events say so. */
  reported(condition: (events: readonly KernelEvent[]) => boolean): Promise<void>;
  /** Ends the thread of a child from outside, as a native crash does. */
  crash(id: string): void;
  inspect(id: string, query: 'suspend' | 'resume'): void;
  /** Stops the tree. Can be called again; the grid does so after each test. */
  close(): Promise<void>;
}

export interface Harness {
  readonly name: string;
  /** Each child has a namespace of its own, with the others' names in it, as they are granted. */
  readonly isolated?: boolean;
  start(children: readonly GridChild[], options?: GridOptions): Promise<Grid>;
}
