/**
 * The numbers of processes and threads as /proc shows them, and as the system takes them from this process. They are
 * the same but in a process namespace that has somebody else's /proc: behind the wall `pid` alone, or where the host
 * itself was started so. `NSpid` of a status tells both, from whoever mounted /proc inwards.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** What the system takes for the process or thread that /proc shows under this number; undefined if it is none of ours. */
export function ownNumber(shown: number): number | undefined {
  const depth = ownDepth();
  return depth > 0 ? numbersOf(shown)[depth] : shown;
}

/** Under what number /proc shows this process's child. */
export function shownNumber(child: number): number | undefined {
  const depth = ownDepth();
  return depth > 0 ? childrenOf('self').find((shown) => numbersOf(shown)[depth] === child) : child;
}

/** Of all threads of a process, each of which has its own: as /proc shows them. */
export function childrenOf(process: number | 'self'): readonly number[] {
  return threadsOf(process).flatMap((tid) => {
    try {
      const said = readFileSync(`/proc/${process}/task/${tid}/children`, 'latin1');
      return said
        .split(' ')
        .map(Number)
        .filter((child) => child > 0);
    } catch {
      return [];
    }
  });
}

/** None of one that has ended. */
export function threadsOf(process: number | 'self'): readonly number[] {
  try {
    return readdirSync(`/proc/${process}/task`).map(Number);
  } catch {
    return [];
  }
}

/** How many namespaces lie between this process and whoever mounted /proc; 0 where the system does not tell. */
function ownDepth(): number {
  return Math.max(0, numbersOf('self').length - 1);
}

function numbersOf(shown: number | 'self'): readonly number[] {
  try {
    const found = /^NSpid:\s+(.+)$/m.exec(readFileSync(`/proc/${shown}/status`, 'latin1'));
    return found?.[1]?.split(/\s+/).map(Number) ?? [];
  } catch {
    return [];
  }
}
