/**
 * From the limits of a spec to those of V8. The soft limit of the heap is held by the guard; V8's own is
 * set far above it, because a thread that reaches V8's aborts the whole process more often than not.
 */
import type { ResourceLimits } from 'node:worker_threads';
import type { WallLimits } from '../kernel/wall.js';
import type { GuardLimits } from './guard.js';

/** What a thread may print, where nothing is said. Bytes per second. */
export const STDIO_BYTES_PER_SECOND = 1_000_000;

/** What a kernel keeps for an environment, where nothing is said: some 10 MB. */
export const KERNEL_ENTRIES = 20_000;

/** A stuck thread that ends within this time was in a long native call: that is no reason to end others with it. */
export const STUCK_FOR_GOOD_MS = 5_000;

const LEAST_OLD_MB = 16;
const LEAST_YOUNG_MB = 1;
/** A stack of 0.2 MB kills the process before the thread has started. */
const LEAST_STACK_MB = 0.5;
const MOST_STACK_MB = 64;

/** The hard limit for a soft one: room for one doubling of the largest table that the soft one allows. */
export function hardHeapMb(heapMb: number): number {
  return Math.max(4 * heapMb, heapMb + 512);
}

export function toResourceLimits(limits: WallLimits): Required<Omit<ResourceLimits, 'codeRangeSizeMb'>> {
  return {
    maxOldGenerationSizeMb: Math.max(LEAST_OLD_MB, Math.ceil(hardHeapMb(limits.heapMb))),
    maxYoungGenerationSizeMb: Math.max(LEAST_YOUNG_MB, Math.ceil(limits.youngMb)),
    stackSizeMb: Math.min(MOST_STACK_MB, Math.max(LEAST_STACK_MB, limits.stackMb)),
  };
}

/** What the guard holds. */
export function guardLimits({ heapMb, memoryMb, cpu }: WallLimits): GuardLimits {
  return { heapMb, memoryMb: memoryMb ?? 2 * heapMb, cpu };
}

/** Threads with equal limits can stand in for each other: what is held from outside is set when one is taken. */
export function limitClass(limits: WallLimits): string {
  return `${limits.heapMb}/${limits.youngMb}/${limits.stackMb}`;
}
