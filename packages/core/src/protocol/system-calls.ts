/**
 * System calls: everything a guest may ask of its kernel. This closed list is the whole of the
 * kernel's surface towards guests; all calls are asynchronous, go over the thread's control link, and
 * are checked for shape once, in kernel/door.ts.
 *
 * `env` is the slot of the calling environment in its thread; which thread calls is known from the
 * link the call arrived on. `handle` is an index into the thread's own table of references. Calls with
 * an `id` are answered by the notice `answer` with that id.
 */

export type * from './system-call-shapes.js';

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
  present: 'By a cell: an environment of it deals with the outside, under this number from now on.',
  report: 'By a cell: what happened in it.',
} as const;

export type SystemCallName = keyof typeof SYSTEM_CALLS;

/** So many calls of one guest may lie unread at the kernel; it grants more as it reads. */
export const CALL_WINDOW = 1024;
export const CALLS_GRANTED_AT_ONCE = 256;

/** Of a name, in characters; it has at least one. */
export const MAX_NAME_LENGTH = 255;

/** Why a message reached nobody. */
export const UNDELIVERED_CAUSES = ['dead', 'no-such-name', 'unread', 'dropped', 'late'] as const;
export type UndeliveredCause = (typeof UNDELIVERED_CAUSES)[number];

export const INSPECT_QUERIES = ['state', 'statistics', 'suspend', 'resume'] as const;
export type InspectQuery = (typeof INSPECT_QUERIES)[number];
