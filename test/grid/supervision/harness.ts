/**
 * What the suites of supervision need from a host. Each suite is written against this alone, so that it
 * runs with the same titles over the simulation and over real threads, with the strategies that ship.
 *
 * No test sleeps: what has to come is awaited by `reported`, and that nothing more comes is known when
 * the kernel has answered a question that was asked afterwards (`caughtUp`).
 */
import type { Context, ExitReason } from '@espalier/core';
import type { EnvironmentSpec, TreeEvent, TreeSpec } from '@espalier/supervisor';

/** How a child comes to its end. */
export type Cause =
  | 'normal'
  | 'shutdown'
  | 'shutdown with a detail'
  | 'a crash'
  | 'being killed'
  | 'its heap limit'
  | 'being unresponsive'
  | 'the exit of its thread';

export interface Supervised {
  /** The application's endpoint. */
  readonly context: Context;
  /** Why the tree did not come up. */
  readonly failure: ExitReason | undefined;
  /** Everything that was reported so far, in order. */
  readonly events: readonly TreeEvent[];
  /** Awaits, and lets happen what has to happen meanwhile. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Waits until the events say so. */
  reported(condition: (events: readonly TreeEvent[]) => boolean): Promise<void>;
  /** Waits until what the kernel has reported so far has arrived. */
  caughtUp(): Promise<void>;
  /** OTP's operations, as the host has them. */
  startChild(path: string, child: EnvironmentSpec | { readonly args: unknown }): Promise<void>;
  terminateChild(path: string): Promise<void>;
  /** What the children of a supervisor do, by id. */
  states(path: string): Promise<Readonly<Record<string, string>>>;
  /** Brings a `victim` that is known by that name to its end. */
  end(path: string, name: string, cause: Cause): Promise<void>;
  /** Stops the tree. Can be called again; `everyTest` and the suites do so. */
  close(): Promise<void>;
}

export interface SupervisionHarness {
  readonly name: string;
  /** Time passes only when nothing else can happen. */
  readonly ownsTime: boolean;
  /** A supervisor that is killed tells nothing of its children's ends: its process is killed with them. */
  readonly killsSilently: boolean;
  /** Each child has a namespace of its own, with the others' names in it, as they are granted. */
  readonly isolated?: boolean;
  /** Modules are files of modules/. The tree is called `tree`. */
  start(spec: TreeSpec): Promise<Supervised>;
}
