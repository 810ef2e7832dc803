/**
 * Stages of a run: each has a name and a budget in minutes, prints both with the time it took, and adds
 * to the sum of passed, failed and skipped. Work that has no tests of its own counts as one.
 *
 * A stage that takes twice its budget is taken for hung: its processes are killed and it has failed.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './project.mjs';

export class Summary {
  passed = 0;
  failed = 0;
  skipped = 0;

  add({ passed = 0, failed = 0, skipped = 0 }) {
    this.passed += passed;
    this.failed += failed;
    this.skipped += skipped;
  }

  toString() {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}

export function deadlineMs(minutes) {
  return minutes * 2 * 60_000;
}

export function print(text) {
  process.stdout.write(`${text}\n`);
}

/** Runs `work`, which gives counts; what it throws is a failure with its message. True when nothing failed. */
export async function stage(summary, name, minutes, work) {
  print(`\n== ${name} (budget ${minutes} min)`);
  const start = performance.now();
  let counts;
  try {
    counts = (await work()) ?? { passed: 1 };
  } catch (error) {
    print(`${name}: ${error.message}`);
    counts = { failed: 1 };
  }
  summary.add(counts);
  const seconds = (performance.now() - start) / 1000;
  const verdict = counts.failed ? 'FAILED' : 'ok';
  const over = seconds > minutes * 60 ? ', over its budget' : '';
  print(`== ${name}: ${verdict}, ${seconds.toFixed(1)} s of ${minutes} min${over}`);
  return !counts.failed;
}

/** An empty place for what a stage reports; the path is absolute. */
export function reportFile(name) {
  const file = join(ROOT, '.cache', 'results', `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  return file;
}

export function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
