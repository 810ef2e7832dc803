/** The fields of limits: what each takes, what it means, its default; see fields.ts. */
import { DEFAULTS } from './defaults.js';
import { numberIn, numberOr, oneOf, type FieldTable } from './field.js';
import type {
  ChangeableLimitsSpec,
  EnvironmentLimitsSpec,
  ProcessLimitsSpec,
  ThreadLimitsSpec,
} from './tree-spec.js';

/** The longest that a timer of Node can wait. */
export const LONGEST_MS = 2 ** 31 - 1;
/** An ArrayBuffer of V8 can be larger, a string cannot; no message comes near. */
const MOST_BYTES = 2 ** 32;

const { limits, processLimits } = DEFAULTS;

export const THREAD_LIMITS = {
  heapMb: {
    kind: numberIn({ min: 16, max: 65_536, unit: 'megabytes' }),
    says: 'Memory for objects. Held from outside: over it, garbage is collected, and what is still over it ends with reason `limit`.',
    default: `${limits.heapMb}, or \`memoryMb\` if that is less`,
  },
  youngMb: {
    kind: numberIn({ min: 1, max: 1024, unit: 'megabytes' }),
    says: "V8's young generation, a part of the heap.",
    default: `${limits.youngMb}, or half of \`heapMb\` if that is less`,
  },
  stackMb: {
    kind: numberIn({ min: 0.5, max: 64, unit: 'megabytes', fractions: true }),
    says: 'The stack.',
    default: `${limits.stackMb}`,
  },
  memoryMb: {
    kind: numberIn({ min: 16, max: 65_536, unit: 'megabytes' }),
    says: 'The heap and what lies off it (Buffers, ArrayBuffers, long strings) together. Held as `heapMb` is.',
    default: 'twice `heapMb`',
  },
} satisfies FieldTable<ThreadLimitsSpec>;

const PROCESSES = {
  kind: numberOr({ min: 32, max: 1_000_000, unit: 'processes and threads' }, 'unlimited'),
  says: 'Of its process, with `walls: { required: [pids] }`: processes and threads in its cgroup, whoever starts them. Node itself has 11, and one more for each environment. What would be one more cannot be started (`EAGAIN`).',
  default: `\`${processLimits.processes}\``,
};

export const LIMIT_FIELDS = {
  ...THREAD_LIMITS,
  mailbox: {
    kind: numberIn({ min: 1, max: 10_000_000, unit: 'messages' }),
    says: 'Messages that may wait in the mailbox.',
    default: `${limits.mailbox}`,
  },
  mailboxBytes: {
    kind: numberIn({ min: 1024, max: MOST_BYTES, unit: 'bytes' }),
    says: 'Bytes that may wait in the mailbox.',
    default: `${limits.mailboxBytes} (16 MB)`,
  },
  messageBytes: {
    kind: numberIn({ min: 256, max: MOST_BYTES, unit: 'bytes' }),
    says: 'Bytes of one message.',
    default: `${limits.messageBytes} (16 MB), or \`mailboxBytes\` if that is less`,
  },
  messagesPerSecond: {
    kind: numberOr({ min: 1, max: 10_000_000, unit: 'messages per second' }, 'unlimited'),
    says: 'Messages, casts and calls that its mailbox takes in, from all senders together, and from itself. What is over it meets what `overflow` says, as at a full mailbox.',
    default: `\`${limits.messagesPerSecond}\``,
  },
  unresponsiveMs: {
    kind: numberOr({ min: 100, max: LONGEST_MS, unit: 'milliseconds' }, 'infinity'),
    says: 'For so long its event loop may stand still; then it ends with reason `unresponsive`. See [A hang is a failure](supervision.md#a-hang-is-a-failure).',
    default: `\`${limits.unresponsiveMs}\``,
  },
  cpu: {
    kind: numberOr({ min: 0.01, max: 1, unit: 'cores', fractions: true }, 'unlimited'),
    says: 'A share of one core, over a second. Measured from outside, on Linux; not held elsewhere, which is reported.',
    default: `\`${limits.cpu}\``,
  },
  cpuOver: {
    kind: oneOf('lower', 'end'),
    says: 'What happens to who uses more than `cpu`: others go first, for the rest of its life (it then gets what nobody else wants); or it ends with reason `limit`.',
    default: `\`${limits.cpuOver}\``,
  },
  stdioBytesPerSecond: {
    kind: numberIn({ min: 0, max: MOST_BYTES, unit: 'bytes per second' }),
    says: 'What it may print. The rest is dropped, and counted.',
    default: `${limits.stdioBytesPerSecond}`,
  },
  children: {
    kind: numberOr({ min: 0, max: 1_000_000, unit: 'environments' }, 'unlimited'),
    says: 'Environments that it has spawned and that have not ended; one more is refused with `limit_refused`. Those below them count for who has spawned them.',
    default: `\`${limits.children}\``,
  },
  kernelEntries: {
    kind: numberIn({ min: 100, max: 1_000_000, unit: 'entries' }),
    says: 'What the kernel keeps for it: addresses that it knows, names that it holds or sends to, monitors, links, spawns under way. What would be one more is refused with `limit_refused`.',
    default: `${limits.kernelEntries}`,
  },
  timers: {
    kind: numberOr({ min: 0, max: 1_000_000, unit: 'timers' }, 'unlimited'),
    says: 'Timers of its own that are under way: those of Node and of `sendAfter`. One more is refused with `limit_refused`. Counted in its own thread: see [Limits](limits.md#of-a-thread).',
    default: `\`${limits.timers}\``,
  },
  processes: PROCESSES,
} satisfies FieldTable<EnvironmentLimitsSpec>;

const {
  mailbox: _m,
  mailboxBytes: _b,
  messageBytes: _s,
  messagesPerSecond: _p,
  children: _c,
  kernelEntries: _k,
  timers: _t,
  ...CHANGEABLE
} = LIMIT_FIELDS;
/** Those of a mailbox have been told to all who send to it; those of children and entries are the kernel's. */
export const CHANGEABLE_LIMIT_FIELDS = CHANGEABLE satisfies FieldTable<ChangeableLimitsSpec>;

export const PROCESS_LIMIT_FIELDS = {
  memoryMb: {
    kind: numberOr({ min: 16, max: 1_048_576, unit: 'megabytes' }, 'unlimited'),
    says: 'Memory of all that runs in its process and all that this has started, beyond what Node itself takes. Read from outside: over it, all threads collect their garbage, and what is still over it ends with reason `limit`.',
    default: `\`${processLimits.memoryMb}\``,
  },
  cpu: {
    kind: numberOr({ min: 0.01, max: 1024, unit: 'cores', fractions: true }, 'unlimited'),
    says: 'A share of the processors, over a second; 0.5 is half a core. Measured from outside, on Linux; not held elsewhere, which is reported.',
    default: `\`${processLimits.cpu}\``,
  },
  cpuOver: {
    kind: oneOf('lower', 'end'),
    says: 'What happens to a process that uses more than `cpu`: the others go first, for the rest of its life; or it ends with reason `limit`.',
    default: `\`${processLimits.cpuOver}\``,
  },
  processes: PROCESSES,
} satisfies FieldTable<ProcessLimitsSpec>;

const { cpuOver: _o, processes: _n, ...RESERVED } = PROCESS_LIMIT_FIELDS;
/** Of who isolates: its children are held, each to its part. */
export const RESERVED_LIMIT_FIELDS = RESERVED satisfies FieldTable<
  Omit<ProcessLimitsSpec, 'cpuOver' | 'processes'>
>;
