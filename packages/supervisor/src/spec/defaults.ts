/** Every default of a tree spec, once. Those that OTP has are OTP's (supervisor manual). */
import { KERNEL_ENTRIES } from '@espalier/core/internal/host.js';
import type { Backoff } from '@espalier/core/internal/supervisor-logic.js';
import { isPlainObject } from './field.js';

const MB = 1024 * 1024;

export const DEFAULTS = deepFreeze({
  tree: { name: 'root' },
  supervisor: {
    strategy: 'one_for_one',
    intensity: 1,
    periodMs: 5000,
    autoShutdown: 'never',
    maxChildren: 'infinity',
    siblings: 'group',
  },
  child: { restart: 'permanent', startTimeoutMs: 'infinity', significant: false },
  shutdown: { environment: 5000, pool: 5000, supervisor: 'infinity' },
  environment: { overflow: 'block', sendTimeoutMs: 5000 },
  /** By what its supervisor says of `siblings`. */
  wall: { group: 'thread', isolate: 'process' },
  walls: {
    required: [],
    /** By what its supervisor says of `siblings`. */
    preferred: {
      /** What needs no rights, costs a millisecond or two, and takes nothing from who runs inside. */
      group: ['deathSignal', 'rlimits', 'oomScore'],
      /** And what holds off its host and its siblings, who run as the same user. */
      isolate: ['deathSignal', 'rlimits', 'oomScore', 'proc'],
    },
  },
  trust: 'trusted',
  limits: {
    heapMb: 256,
    /** At most half the heap, where that is smaller. */
    youngMb: 48,
    stackMb: 4,
    mailbox: 1000,
    mailboxBytes: 16 * MB,
    /** At most `mailboxBytes`, where that is smaller. */
    messageBytes: 16 * MB,
    messagesPerSecond: 'unlimited',
    unresponsiveMs: 'infinity',
    cpu: 'unlimited',
    cpuOver: 'lower',
    stdioBytesPerSecond: 1_000_000,
    children: 'unlimited',
    kernelEntries: KERNEL_ENTRIES,
    timers: 'unlimited',
    processes: 'unlimited',
  },
  processLimits: { memoryMb: 'unlimited', cpu: 'unlimited', cpuOver: 'lower', processes: 'unlimited' },
  pool: { minThreads: 1, maxThreads: 4, queue: 1000, concurrentTasks: 1, idleTimeoutMs: 10_000 },
  backoff: { initialMs: 100, factor: 2, maxMs: 30_000, jitter: 0.2, resetAfterMs: 60_000 } satisfies Backoff,
} as const);

/** Freezes plain objects and lists all the way down; what else they hold (dates, buffers) stays as it is. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (!Array.isArray(value) && !isPlainObject(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part as unknown);
  return value;
}
