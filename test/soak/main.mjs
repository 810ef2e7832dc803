/**
 * `npm run soak`: a mixed load on one host for a long time, with everything that Espalier promises checked
 * all the while. README.md says what it does and which bounds it holds the process to.
 */
import { SUMMARY_BOUNDS, kernelProblems, processProblems } from './bounds.mjs';
import { optionsOf, USAGE } from './options.mjs';
import { processFacts, residentMb } from './process-facts.mjs';
import { SoakHost } from './soak-host.mjs';

/** Warm-up: a part of the whole time, on a host of its own. */
const WARM_UP_PART = 0.2;
const MOST_WARM_UP_MS = 30_000;
const LONGEST_ROUND_MS = 30_000;

/** @typedef {Awaited<ReturnType<SoakHost['progress']>>} Progress */

/** @param {SoakHost} soak @param {number} seed @param {number} forMs @param {number} startedAt */
async function round(soak, seed, forMs, startedAt) {
  let over = false;
  const watched = (async () => {
    while (!over) {
      const progress = await soak.progress();
      tell(progress, startedAt);
      if (progress.violations.length > 0) throw new Violations(progress.violations);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();
  const loaded = soak.load(seed, forMs).then(() => {
    over = true;
  });
  // Whoever finds a violation first ends the round.
  await Promise.race([Promise.all([loaded, watched]), watched.then(() => loaded)]);
  const kernel = await soak.rest();
  const progress = await soak.progress();
  tell(progress, startedAt);
  if (progress.violations.length > 0) throw new Violations(progress.violations);
  return { kernel, progress };
}

class Violations extends Error {
  /** @param {readonly string[]} violations */
  constructor(violations) {
    super(violations.join('\n'));
    this.violations = violations;
  }
}

/** @param {Progress} progress @param {number} startedAt */
function tell({ sent, calls, spawned, restarts }, startedAt) {
  if (!process.stderr.isTTY) return;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const line = `${seconds} s: ${sent} messages, ${calls} calls, ${spawned} spawned, ${restarts} restarts, ${residentMb()} MB`;
  process.stderr.write(`\r\u001b[2K${line}`);
}

/** @param {ReturnType<typeof optionsOf>} options */
async function soak({ seconds, seed }) {
  const startedAt = performance.now();
  const warmUpMs = Math.min(seconds * 1000 * WARM_UP_PART, MOST_WARM_UP_MS);
  const warmUp = await SoakHost.start();
  await round(warmUp, seed, warmUpMs, startedAt);
  await ended(warmUp);
  const before = processFacts();

  const host = await SoakHost.start();
  const loadMs = seconds * 1000 - warmUpMs;
  const rounds = Math.max(2, Math.ceil(loadMs / LONGEST_ROUND_MS));
  const first = await round(host, seed + 1, loadMs / rounds, startedAt);
  let last = first;
  for (let n = 2; n <= rounds; n++) last = await round(host, seed + n, loadMs / rounds, startedAt);
  await ended(host);
  const after = processFacts();
  const problems = [...kernelProblems(first.kernel, last.kernel), ...processProblems(before, after)];
  if (problems.length > 0) throw new Violations(problems);

  const { sent, calls, spawned, restarts, crashes, receipts, peers } = last.progress;
  const ends = addUp(peers.map((peer) => peer.calls));
  const refused = Object.values(addUp(peers.map((peer) => peer.refused))).reduce((sum, n) => sum + n, 0);
  return {
    rounds,
    messages: sent,
    refused,
    receipts,
    calls,
    ends,
    spawned,
    restarts,
    crashes,
    events: host.ledger.events,
    stuck: host.ledger.stuck,
    kernel: { first: first.kernel, last: last.kernel },
    process: { before, after },
  };
}

/** @param {SoakHost} host */
async function ended(host) {
  const violations = await host.stop();
  if (violations.length > 0) throw new Violations(violations);
}

/** @param {readonly Record<string, number>[]} counts */
function addUp(counts) {
  /** @type {Record<string, number>} */
  const sum = {};
  for (const count of counts) for (const [key, n] of Object.entries(count)) sum[key] = (sum[key] ?? 0) + n;
  return sum;
}

/** @param {object} facts @returns {string} */
function row(facts) {
  return Object.entries(facts)
    .map(([key, value]) => `${key} ${typeof value === 'object' ? `(${row(value)})` : String(value)}`)
    .join(', ');
}

const options = optionsOf(process.argv.slice(2));
if (options.help) {
  process.stdout.write(USAGE);
} else {
  const { seed, seconds } = options;
  process.stdout.write(`soak: ${seconds} s, seed ${seed}\n`);
  /** @type {readonly string[]} */
  let violations = [];
  let summary = {};
  try {
    summary = await soak(options);
  } catch (error) {
    violations =
      error instanceof Violations
        ? error.violations
        : [error instanceof Error ? String(error.stack) : String(error)];
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  for (const [key, value] of Object.entries(summary)) {
    const text = typeof value === 'object' ? row(value) : String(value);
    process.stdout.write(`  ${key.padEnd(10)} ${text}\n`);
  }
  for (const violation of violations) process.stdout.write(`VIOLATION  ${violation}\n`);
  process.stdout.write(
    violations.length === 0 ? `soak: nothing broken (${SUMMARY_BOUNDS})\n` : `soak: broken, seed ${seed}\n`,
  );
  if (options.json) process.stdout.write(`${JSON.stringify({ seed, seconds, violations, ...summary })}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
  // After a violation a host still runs.
  if (violations.length > 0) process.exit(1);
}
