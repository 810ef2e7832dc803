/** What this process holds, as the system counts it: threads, descriptors, resident memory. Linux. */
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const collect = /** @type {() => void} */ (runInNewContext('gc'));

/** @typedef {{ threads: number, descriptors: number, residentMb: number }} ProcessFacts */

/** @returns {ProcessFacts} */
export function processFacts() {
  collect();
  return {
    threads: readdirSync('/proc/self/task').length,
    // Reading the folder opens it, once each time.
    descriptors: readdirSync('/proc/self/fd').length,
    residentMb: residentMb(),
  };
}

export function residentMb() {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
