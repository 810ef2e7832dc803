/** How near to where it was after warm-up everything has to be. */

/** Peers' addresses of what has ended are given back when their threads collect garbage, which nobody forces. */
const MORE_HANDLES = 2000;
const MORE_KERNEL_MB = 4;
/**
 * Of resident memory: what the allocator and V8 keep for later varies from run to run, and so does how much of it
 * the warm-up sees. (It is 350 MB after 15 s with 180 environments spawned, and after 60 s with 750.)
 */
const MORE_RESIDENT = 1.25;
const MORE_RESIDENT_MB = 160;

export const SUMMARY_BOUNDS =
  `bounds: threads, descriptors, names and kernel records as after warm-up; ` +
  `kernel's heap + ${MORE_KERNEL_MB} MB; its handles + ${MORE_HANDLES}; resident memory × ${MORE_RESIDENT} + ${MORE_RESIDENT_MB} MB`;

/** @param {string} what @param {number} is @param {number} most */
function above(what, is, most) {
  return is > most ? [`${what}: ${is}, at most ${most} after warm-up`] : [];
}

/** @param {import('./kernel-facts.mjs').KernelFacts} first @param {import('./kernel-facts.mjs').KernelFacts} last */
export function kernelProblems(first, last) {
  return [
    ...above("kernel's heap in MB", last.heapMb, first.heapMb + MORE_KERNEL_MB),
    ...above("kernel's handles", last.handles, first.handles + MORE_HANDLES),
    ...above("kernel's names", last.names, first.names),
    ...Object.entries(last.records).flatMap(([name, count]) =>
      above(`kernel's records of class ${name}`, count, first.records[name] ?? 0),
    ),
  ];
}

/** @param {import('./process-facts.mjs').ProcessFacts} before @param {import('./process-facts.mjs').ProcessFacts} after */
export function processProblems(before, after) {
  return [
    ...above('threads', after.threads, before.threads),
    ...above('descriptors', after.descriptors, before.descriptors),
    ...above(
      'resident MB',
      after.residentMb,
      Math.round(before.residentMb * MORE_RESIDENT) + MORE_RESIDENT_MB,
    ),
  ];
}
