/**
 * System calls: everything a guest may ask of its kernel. This closed list is the whole of the
 * kernel's surface towards guests; all calls are asynchronous, go over the thread's control link, and
 * are checked for shape once, in kernel/door.ts.
 *
 * `env` is the slot of the calling environment in its thread; which thread calls is known from the
 * link the call arrived on. `handle` is an index into the thread's own table of references. Calls with
 * an `id` are answered by the notice `answer` with that id.
 */
import type { ExitTag, GuestExitTag } from '../exit-reason.js';

/** Every call with what it asks; the door, the counters and docs/protocol.md are derived from the keys. */
export const SYSTEM_CALLS = {
  ready: 'The init of the environment is over: it runs, or it asks to be ignored.',
  exit: 'The environment ends, by its own choice or by an exit signal that it was sent.',
  spawn: 'Start a child environment.',
  register: 'Take a name in the own namespace.',
  unregister: 'Give a name back.',
  resolve: 'Follow a name: who holds it now, and from now on.',
  connect: 'Open a channel to the environment behind a handle.',
  monitor: 'Be told once when an environment ends.',
  demonitor: 'Stop a monitor.',
  link: 'Share fate with an environment, both ways.',
  unlink: 'Undo a link.',
  signal: 'Send an exit signal, or kill.',
  trapExits: 'Turn exit signals into messages, or stop that.',
  ticket: 'Pass a reference to the peer of a channel.',
  drop: 'Forget handles that nothing refers to any more.',
  blocked: 'A send waits for room, or waits no more.',
  undelivered: 'Messages ended as dead letters or were dropped.',
  violation: 'A peer broke the protocol of a channel.',
  answer: 'The answer to an inspection.',
  supervise: 'An operation on a subtree, by who holds the right to it.',
  report: 'By a cell: what happened in it.',
} as const;

export type SystemCallName = keyof typeof SYSTEM_CALLS;

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
    }
  | { readonly call: 'exit'; readonly env: number; readonly signal: number }
  | {
      readonly call: 'spawn';
      readonly env: number;
      readonly id: number;
      readonly request: OpaqueValue;
      readonly link: boolean;
      readonly monitor: boolean;
    }
  | { readonly call: 'register'; readonly env: number; readonly id: number; readonly name: string }
  | { readonly call: 'unregister'; readonly env: number; readonly id: number; readonly name: string }
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
      readonly tag: GuestExitTag;
      readonly detail: OpaqueValue | undefined;
    }
  | { readonly call: 'trapExits'; readonly env: number; readonly on: boolean }
  | { readonly call: 'ticket'; readonly id: number; readonly handle: number; readonly channel: number }
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
  /** `event`: a `KernelEvent` whose path is the cell's or below. */
  | { readonly call: 'report'; readonly event: unknown };

/** So many calls of one guest may lie unread at the kernel; it grants more as it reads. */
export const CALL_WINDOW = 1024;
export const CALLS_GRANTED_AT_ONCE = 256;

/** Of a name, in characters; it has at least one. */
export const MAX_NAME_LENGTH = 255;

/** A handle, or a name in the caller's namespace. */
export type Target = number | string;

/** Why a message reached nobody. */
export const UNDELIVERED_CAUSES = ['dead', 'no-such-name', 'unread', 'dropped', 'late'] as const;
export type UndeliveredCause = (typeof UNDELIVERED_CAUSES)[number];

/** Operations on the tree; only the holder of a subtree may ask for them. */
export type SuperviseOperation =
  | { readonly op: 'tree' }
  | { readonly op: 'stop' }
  | { readonly op: 'kill'; readonly path: string }
  /** Answered with a handle on the environment that runs there now. */
  | { readonly op: 'address'; readonly path: string }
  | { readonly op: 'request'; readonly path: string; readonly request: unknown }
  | { readonly op: 'inspect'; readonly path: string; readonly query: InspectQuery };

export const INSPECT_QUERIES = ['state', 'statistics', 'suspend', 'resume'] as const;
export type InspectQuery = (typeof INSPECT_QUERIES)[number];
