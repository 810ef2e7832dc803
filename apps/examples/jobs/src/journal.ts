/** The journal: a file to which lines are only ever added. What it holds outlives whoever writes it. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import type { Entry } from './mail.js';

/** Lines as they were written; one that was cut off by a crash was never acknowledged, and is removed. */
export function openJournal(file: string): readonly Entry[] {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
  if (whole.length < bytes.length) truncateSync(file, whole.length);
  const lines = whole.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** Written when it returns: it survives the end of the process, though not a power cut, which takes an fsync. */
export function append(file: string, entry: Entry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}
