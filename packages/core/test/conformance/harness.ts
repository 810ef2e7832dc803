/**
 * What the conformance grid needs from a host. Every suite of the grid is written against this alone,
 * so that it runs unchanged over loopback links in one thread and over threads: see
 * simulation-harness.ts and threads-harness.ts.
 *
 * No test of the grid sleeps. What has to come is awaited with `settle`; what takes time (a timeout, a
 * report after a second) is awaited by what it brings.
 */
import type { Address, Context, ExitReason } from '../../src/index.js';
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
  /** The endpoint of an application beside that child: who ends it, or sends it a signal, does so from there. */
  near(id: string): Context;
  /** Where an environment cannot tell its address: how else one learns it. */
  addressOf?(name: string): Promise<Address>;
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

/** A case that does not hold on a link. */
export interface Exception {
  readonly why: string;
  /** What its error has there as `code`, or else in its message. Without it the case would wait for ever, and does not run. */
  readonly failsWith?: RegExp;
}

/** What carries a grid. */
export interface Host {
  readonly name: string;
  /** Each child has a namespace of its own, with the others' names in it, as they are granted. */
  readonly isolated?: boolean;
  /** By the titles of cases: each must be one, and must fail if it says how. */
  readonly exceptions?: Readonly<Record<string, Exception>>;
  start(children: readonly GridChild[], options?: GridOptions): Promise<Grid>;
}

/** What a suite is given. */
export interface Harness extends Host {
  /** As Jest's; for what the host makes an exception of, the other way round. */
  readonly test: (title: string, body: () => Promise<void>, timeoutMs?: number) => void;
}
