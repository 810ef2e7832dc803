/** What each system call says: see system-calls.ts. Types alone. */
import type { ExitTag } from '../exit-reason.js';
import type { MailboxTerms } from './notices.js';
import type { InspectQuery, UndeliveredCause } from './system-calls.js';

/** A value as bytes that only guests read; the kernel passes them on without looking. */
export type OpaqueValue = Uint8Array;

export type SystemCall =
  | { readonly call: 'ready'; readonly env: number; readonly ignore: boolean }
  | {
      readonly call: 'exit';
      readonly env: number;
      /** A guest's is one of GUEST_EXIT_TAGS, and its detail bytes; a cell passes on what its kernel has found. */
      readonly tag: ExitTag;
      readonly detail: unknown;
      /** By a cell, of one that it has presented: its name is to be kept for it. */
      readonly kept?: boolean;
    }
  | { readonly call: 'exit'; readonly env: number; readonly signal: number }
  | {
      readonly call: 'spawn';
      readonly env: number;
      readonly id: number;
      readonly request: OpaqueValue;
      readonly link: boolean;
      readonly monitor: boolean;
      /** It is to run in the thread of its parent, with this mailbox; the request is the boot value then. */
      readonly beside?: MailboxTerms | undefined;
      /** Of one beside its parent: it is to have that name, also if another of them has it until then. */
      readonly name?: string | undefined;
    }
  /** `space`: by a cell, the path of the isolated node in it whose namespace is meant; '' or nothing: the cell's own. */
  | {
      readonly call: 'register';
      readonly env: number;
      readonly id: number;
      readonly name: string;
      readonly space?: string;
    }
  | {
      readonly call: 'unregister';
      readonly env: number;
      readonly id: number;
      readonly name: string;
      readonly space?: string;
    }
  /** `follow`: answered with the name's state, and told of every change; otherwise with a handle, or nothing. */
  | { readonly call: 'resolve'; readonly id: number; readonly name: string; readonly follow: boolean }
  | { readonly call: 'connect'; readonly id: number; readonly handle: number }
  | { readonly call: 'monitor'; readonly env: number; readonly id: number; readonly target: Target }
  | { readonly call: 'demonitor'; readonly env: number; readonly monitor: number }
  | { readonly call: 'link'; readonly env: number; readonly handle: number }
  | { readonly call: 'unlink'; readonly env: number; readonly id: number; readonly handle: number }
  | {
      readonly call: 'signal';
      readonly env: number;
      readonly target: Target;
      readonly kind: 'exit' | 'kill';
      /** One of GUEST_EXIT_TAGS, but to who was spawned by the caller. */
      readonly tag: ExitTag;
      readonly detail: OpaqueValue | undefined;
    }
  | { readonly call: 'trapExits'; readonly env: number; readonly on: boolean }
  /** `ticket`: chosen by a cell, for a channel inside of it. */
  | {
      readonly call: 'ticket';
      readonly id: number;
      readonly handle: number;
      readonly channel: number;
      readonly ticket?: number;
    }
  | { readonly call: 'drop'; readonly handles: readonly number[]; readonly counts: readonly number[] }
  | {
      readonly call: 'blocked';
      readonly env: number;
      readonly channel: number;
      readonly slot: number;
      readonly on: boolean;
    }
  | {
      readonly call: 'undelivered';
      readonly env: number;
      readonly target: string;
      readonly cause: UndeliveredCause;
      readonly count: number;
    }
  | { readonly call: 'violation'; readonly channel: number; readonly problem: string }
  /** A cell's answer to an operation is an `Answer`. */
  | { readonly call: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly call: 'supervise'; readonly id: number; readonly operation: SuperviseOperation }
  /** `name`: of its spec, if it has one. `path`: the cell's or below. `space`: as for `register`. */
  | {
      readonly call: 'present';
      readonly number: number;
      readonly path: string;
      readonly name: string | null;
      readonly terms: MailboxTerms;
      readonly space?: string;
    }
  /** `event`: a `KernelEvent` whose path is the cell's or below. */
  | { readonly call: 'report'; readonly event: unknown };

/** A handle, or a name in the caller's namespace. */
export type Target = number | string;

/** Operations on the tree; only the holder of a subtree may ask for them. */
export type SuperviseOperation =
  | SubtreeOperation
  | { readonly op: 'stop' }
  /**
   * A name of one namespace leads to what runs at `path`, or was spawned there, and holds the name `target` of another;
   * refused with `name_taken` if it is somebody's. Both written as kernel/names.ts does.
   */
  | { readonly op: 'grant'; readonly name: string; readonly target: string; readonly path: string }
  /** It does no more, and whatever came of it is cut. */
  | { readonly op: 'revoke'; readonly name: string };

/** Those that a cell is asked for, too, about what is in it. */
export type SubtreeOperation =
  /** A cell that has not answered after `withinMs` (whole milliseconds, default 400) is shown without what is in it. */
  | { readonly op: 'tree'; readonly withinMs?: number }
  | { readonly op: 'kill'; readonly path: string }
  /** Answered with a handle on the environment that runs there now. */
  | { readonly op: 'address'; readonly path: string }
  | { readonly op: 'request'; readonly path: string; readonly request: unknown }
  | { readonly op: 'inspect'; readonly path: string; readonly query: InspectQuery };
