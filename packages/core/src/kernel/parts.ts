/** The kernel's parts as they know each other, and what is handed in to it. */
import type { AfterTurn, Clock, NextTurn, Random } from '../clock.js';
import type { Link, LinkSite } from '../channel/link.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import type { Answer, RefusalCode } from '../protocol/notices.js';
import type { TextCodec } from '../values/text-codec.js';
import type { Channels } from './channels.js';
import type { Identity } from './identity.js';
import type { EnvironmentSpec } from './node-start.js';
import type { Guest } from './guest.js';
import type { Starter } from './starter.js';
import type { KernelEvent } from './events.js';
import type { Lifecycle } from './lifecycle.js';
import type { Names } from './names.js';
import type { Orphans } from './orphans.js';
import type { SupervisorLogic } from './supervisor-logic.js';
import type { Tree } from './tree.js';
import type { Uplink } from './uplink.js';
import type { Wall } from './wall.js';

export interface KernelOptions {
  readonly clock: Clock;
  /** For what depends on the machine and not on the tree: how long a thread may take to end. Real under a test clock, too. */
  readonly realClock: Clock;
  readonly random: Random;
  readonly afterTurn: AfterTurn;
  readonly nextTurn: NextTurn;
  readonly text: TextCodec;
  readonly wall: Wall;
  readonly links: LinkSite;
  /** The strategies; handed in, so that core needs no import upward. */
  readonly logic: SupervisorLogic;
  /** Makes a spec out of what a guest asked to spawn. */
  readonly loader: Loader;
  /** Everything that happens in the tree, in order. Must not throw. */
  readonly observe: (event: KernelEvent) => void;
  /** For how long the event loop of who is at that path may stand still, where that was changed since it was specified. */
  readonly unresponsiveMs?: (path: string, specified: number | 'infinity') => number | 'infinity';
  /** In a cell: the way to the kernel above. */
  readonly up?: UplinkOptions | undefined;
}

/** The kernel in a cell, as its uplink knows it. */
export interface KernelBelow {
  readonly channels: Channels;
  readonly lifecycle: Lifecycle;
  readonly tree: Tree;
}

/** What a kernel in a cell is given. */
export interface UplinkOptions {
  /** The pipe's control link. */
  readonly link: Link;
  /** The pipe: opens the ends of links that come over the control link. */
  readonly links: LinkSite;
  /**
   * The cell has nothing more to do, because its tree has ended and all was said, or the kernel above is gone:
   * its process is to end at once.
   */
  readonly over: () => void;
}

export type Loader = (request: OpaqueValue, parentPath: string) => Promise<LoadResult>;

export type LoadResult =
  | { readonly ok: true; readonly id: string; readonly spec: EnvironmentSpec }
  | { readonly ok: false; readonly code: RefusalCode; readonly text: string };

export interface KernelParts extends KernelOptions {
  readonly uplink: Uplink | undefined;
  readonly names: Names;
  readonly channels: Channels;
  readonly orphans: Orphans;
}

/** What arrives from a guest; answered by the kernel. */
export interface GuestListener {
  call(guest: Guest, value: unknown): void;
  violation(guest: Guest, problem: string): void;
}

export interface HandlerParts {
  readonly parts: KernelParts;
  readonly lifecycle: Lifecycle;
  readonly starter: Starter;
  readonly tree: Tree;
  violation(guest: Guest, problem: string): void;
}

/** Who has asked. */
export interface Asker {
  reply(id: number, answer: Answer): void;
  /** The handle that it is about to be sent. */
  pass(identity: Identity): number;
}
