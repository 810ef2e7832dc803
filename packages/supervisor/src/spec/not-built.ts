/**
 * Words of a tree spec whose mechanism is not built yet. They are refused, never ignored: a limit that
 * nothing holds is worse than none. Whoever builds one takes its line out of this table; the reader,
 * the JSON Schema and docs/spec.md follow.
 */
export type NodeKind = 'root' | 'supervisor' | 'environment' | 'pool';

export interface NotBuilt {
  readonly on: readonly NodeKind[];
  /** The field, from its node on: `limits.memoryMb`. */
  readonly field: string;
  /** One value of it only; without: the field as a whole. */
  readonly value?: string;
  /** What can be had instead, one sentence. */
  readonly instead: string;
}

const EVERY = ['root', 'supervisor', 'environment', 'pool'] as const satisfies readonly NodeKind[];
const BELOW = ['supervisor', 'environment', 'pool'] as const satisfies readonly NodeKind[];
const CODE = ['environment', 'pool'] as const satisfies readonly NodeKind[];

const LEAVE_OUT = 'Leave it out.';
const CALL_TIMEOUT = "Leave it out; a call's `timeoutMs` ends the thread of a task that runs too long.";
const OWN_LIMITS = 'Give limits to each node below.';

export const NOT_BUILT: readonly NotBuilt[] = Object.freeze([
  { on: ['root'], field: 'wall', value: 'process', instead: 'Write it on the nodes below.' },
  { on: ['root'], field: 'wall', value: 'host', instead: 'Possible: `thread`.' },
  { on: BELOW, field: 'wall', value: 'host', instead: 'Possible: `thread`, `process`.' },
  { on: CODE, field: 'trust', value: 'confined', instead: 'Possible: `trusted`.' },
  { on: CODE, field: 'image', instead: 'Give `module`: a file, a package or a file: URL.' },
  { on: EVERY, field: 'volumes', instead: LEAVE_OUT },
  { on: EVERY, field: 'listen', instead: LEAVE_OUT },
  { on: EVERY, field: 'placement', instead: LEAVE_OUT },
  { on: EVERY, field: 'onIntrusion', instead: LEAVE_OUT },
  { on: ['root'], field: 'limits', instead: OWN_LIMITS },
  { on: ['pool'], field: 'limits.unresponsiveMs', instead: CALL_TIMEOUT },
  { on: ['pool'], field: 'limits.messagesPerSecond', instead: LEAVE_OUT },
  { on: ['pool'], field: 'limits.children', instead: LEAVE_OUT },
  { on: ['pool'], field: 'limits.kernelEntries', instead: LEAVE_OUT },
  { on: ['pool'], field: 'limits.timers', instead: LEAVE_OUT },
  { on: CODE, field: 'limits.poolMs', instead: LEAVE_OUT },
  { on: CODE, field: 'limits.fds', instead: LEAVE_OUT },
  { on: CODE, field: 'limits.diskMb', instead: LEAVE_OUT },
  { on: CODE, field: 'limits.diskBytesPerSecond', instead: LEAVE_OUT },
  { on: CODE, field: 'limits.netBytesPerSecond', instead: LEAVE_OUT },
  { on: ['pool'], field: 'limits.stdioBytesPerSecond', instead: LEAVE_OUT },
] satisfies NotBuilt[]);

/** The line that forbids this field, or this value of it; undefined if it is built. */
export function notBuilt(on: NodeKind, field: string, value?: unknown): NotBuilt | undefined {
  return NOT_BUILT.find(
    (line) =>
      line.field === field && line.on.includes(on) && (line.value === undefined || line.value === value),
  );
}
