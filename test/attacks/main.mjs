/** `npm run attacks`: every case at every level that is built, each held against its claim. */
import { LEVEL_NAMES, LEVELS } from './levels.mjs';
import { optionsOf, USAGE } from './options.mjs';
import { pairsOf, runPairs } from './run/pairs.mjs';

/** @typedef {import('./run/pairs.mjs').Verdict} Verdict */

const options = optionsOf(process.argv.slice(2));
if (options.help) process.stdout.write(USAGE);
else process.exitCode = await attack();

async function attack() {
  const pairs = pairsOf(options);
  const began = performance.now();
  /** @type {Verdict[]} */
  const verdicts = [];
  await runPairs(pairs, options.jobs, (verdict) => {
    verdicts.push(verdict);
    print(options.json ? json(verdict) : row(verdict));
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${verdicts.length}/${pairs.length}\r`);
  });
  const claimed = verdicts.filter(({ claimed, skipped }) => claimed !== 'not-claimed' && !skipped);
  const held = claimed.filter(({ ok }) => ok).length;
  const failed = verdicts.filter(({ ok }) => !ok);
  if (!options.json) summary(verdicts, `${held} of ${claimed.length}`, (performance.now() - began) / 1000);
  // The last line is for programs: the share of claims that hold.
  if (options.json)
    print(JSON.stringify({ results: { contained: claimed.length === 0 ? 0 : held / claimed.length } }));
  return failed.length === 0 ? 0 : 1;
}

/** @param {readonly Verdict[]} verdicts @param {string} held @param {number} seconds */
function summary(verdicts, held, seconds) {
  for (const level of LEVEL_NAMES.filter((name) => !LEVELS[name].built))
    print(`level ${level}: not built yet, not run`);
  const gaps = verdicts.flatMap(({ gapMs }) => gapMs ?? []);
  const count = (/** @type {(verdict: Verdict) => boolean} */ is) => verdicts.filter(is).length;
  print(
    `attacks: ${verdicts.length} pairs in ${seconds.toFixed(0)} s; ${held} claims hold, ` +
      `${count(({ claimed }) => claimed === 'not-claimed')} not claimed, ${count(({ skipped }) => skipped)} not run here; ` +
      `longest gap of a sibling or kernel ${Math.max(0, ...gaps)} ms`,
  );
  const failed = verdicts.filter(({ ok }) => !ok);
  if (failed.length > 0) print(`FAILED: ${failed.map((one) => `${one.case} at ${one.level}`).join(', ')}`);
}

/** @param {Verdict} verdict */
function row({ case: name, level, claimed, observed, ok, gapMs, bare, ms }) {
  const gap = `${gapMs ?? '–'} ms`.padStart(8);
  const took = `${(ms / 1000).toFixed(1)} s`.padStart(7);
  const what = observed === claimed ? claimed : `${claimed}: ${observed}`;
  return `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(36)} ${level.padEnd(8)}${took}${gap}  bare ${bare.padEnd(13)} ${what}`;
}

/** @param {Verdict} verdict */
function json({ case: name, level, claimed, observed, ok, gapMs, bare }) {
  return JSON.stringify({ case: name, level, claimed, observed, ok, gapMs, bare });
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
