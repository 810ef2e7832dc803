/**
 * Descriptors that a cell was given without being meant to: those that its host was itself started with, or
 * that a native add-on has opened there. Whatever Node opens is closed on `exec`, in the host as in the cell;
 * what is not came along.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const FDINFO = '/proc/self/fdinfo';
const CLOSE_ON_EXEC = 0o2000000;
const STANDARD = 2;

/** Closes them, but for those in `keep`. Does nothing where there is no /proc to be read. */
export function closeInherited(keep: readonly number[]): void {
  for (const descriptor of openDescriptors()) {
    if (descriptor <= STANDARD || keep.includes(descriptor) || closesOnExec(descriptor)) continue;
    closeSync(descriptor);
  }
}

function openDescriptors(): readonly number[] {
  try {
    return readdirSync(FDINFO).map(Number);
  } catch {
    return [];
  }
}

function closesOnExec(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`${FDINFO}/${descriptor}`, 'utf8'));
    return flags === null || (parseInt(flags[1] as string, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    // The one that the folder was read by.
    return true;
  }
}
