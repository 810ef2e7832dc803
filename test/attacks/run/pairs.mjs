/** Runs pairs of case and level, each shown to bite first, and judges them by their claims. */
import { CASES, caseOf } from '../cases/index.mjs';
import { claimOf } from '../claims.mjs';
import { isAt, LEVEL_NAMES, LEVELS } from '../levels.mjs';
import { runChild } from './child.mjs';
import { watchMachine } from './machine-gap.mjs';

/** @typedef {import('../levels.mjs').Level} Level */
/** @typedef {{ case: string, level: Level }} Pair */
/**
 * @typedef {object} Verdict
 * @property {string} case
 * @property {Level} level
 * @property {import('../claims.mjs').Claim} claimed
 * @property {string} observed
 * @property {boolean} ok
 * @property {boolean} skipped this machine lacks what the case needs
 * @property {number | null} gapMs the longest silence of sibling or kernel; null when nobody is left to say
 * @property {string} bare how the attack showed without our walls
 * @property {number} ms that the pair took
 */

const PAIR_WITHIN_MS = 45_000;
const BARE_WITHIN_MS = 25_000;
const BARE_HALTED_AFTER_MS = 2_500;
/** What fails while the machine leaves this process waiting for so long, which only waits, is tried again. */
const MACHINE_LATE_MS = 250;
const TRIES = 3;

/** ESPALIER_REQUIRE=cells: a case that this machine cannot run has failed. */
const MUST_RUN = process.env['ESPALIER_REQUIRE']?.split(',').includes('cells') === true;

/** Every pair there is, of built levels and others. @returns {Pair[]} */
export function allPairs() {
  // Level by level: so that nobody waits for the proof that another pair has just begun.
  return LEVEL_NAMES.flatMap((level) =>
    [...CASES].filter(([, one]) => isAt(one, level)).map(([name]) => ({ case: name, level })),
  );
}

/**
 * @param {{ only: RegExp, levels: readonly Level[] }} options
 * @throws {RangeError} when there is no such pair: a suite that tries nothing would find nothing
 */
export function pairsOf({ only, levels }) {
  const pairs = allPairs().filter(
    (pair) =>
      only.test(pair.case) &&
      LEVELS[pair.level].built &&
      (levels.length === 0 || levels.includes(pair.level)),
  );
  if (pairs.length > 0) return pairs;
  const where = levels.length === 0 ? '' : ` at ${levels.join(', ')}`;
  const names = [...CASES.keys()].join('\n  ');
  // As it was given: `source` writes it as a literal.
  const given = only.source.replaceAll('\\/', '/');
  throw new RangeError(`--only is ${given}: no case${where} is called so. There are:\n  ${names}`);
}

/**
 * Most pairs wait more than they work. Those that do work, until a core or some hundred megabytes are used up, count
 * for two: were there nothing else on the machine, its siblings would not be silent for their sake.
 * @param {Pair} pair
 */
const weightOf = (pair) => (/^memory\/|flood|endless/.test(pair.case) ? 2 : 1);

/**
 * @param {readonly Pair[]} pairs @param {number} jobs the weight of those that run at a time
 * @param {(verdict: Verdict) => void} tell
 */
export async function runPairs(pairs, jobs, tell) {
  /** @type {Map<string, Promise<string>>} */
  const bites = new Map();
  /** @type {Set<Promise<void>>} */
  const running = new Set();
  let free = jobs;
  /** @param {Pair} pair */
  const once = async (pair) => {
    const began = performance.now();
    const bite = bites.get(pair.case) ?? biteOf(pair.case);
    bites.set(pair.case, bite);
    return judge(pair, await bite, began);
  };
  /** @param {Pair} pair */
  const run = async (pair) => {
    for (let left = TRIES; ; left -= 1) {
      const machine = watchMachine();
      const verdict = await once(pair);
      if (machine.stop() < MACHINE_LATE_MS || verdict.ok || left === 1) {
        tell(verdict);
        return;
      }
      bites.delete(pair.case);
    }
  };
  for (const pair of pairs) {
    const weight = Math.min(weightOf(pair), jobs);
    while (free < weight) await Promise.race(running);
    free -= weight;
    const task = run(pair).finally(() => {
      free += weight;
      running.delete(task);
    });
    running.add(task);
  }
  await Promise.all(running);
}

/** How the attack shows without our walls. @param {string} name @returns {Promise<string>} */
async function biteOf(name) {
  const one = caseOf(name);
  const execArgv = one.bareExecArgv ?? [];
  // What halts a main thread says nothing, so nobody waits for its word.
  const deadlineMs = one.bareIn === 'main' ? BARE_HALTED_AFTER_MS : BARE_WITHIN_MS;
  const { said, end, marked } = await runChild('bare.mjs', [name], { execArgv, deadlineMs });
  if (one.bareIn === 'killed-parent') return marked > 0 ? 'leaves' : 'harmless';
  return said[0]?.bite ?? (end === 'still running' ? 'hangs' : 'process-ends');
}

/** @param {Pair} pair @param {string} bare @param {number} began @returns {Promise<Verdict>} */
async function judge(pair, bare, began) {
  const one = caseOf(pair.case);
  const { claim: claimed } = claimOf(pair.case, pair.level);
  const { by } = LEVELS[pair.level];
  const execArgv = one.tree?.execArgv ?? [];
  const outcome = await runChild(`${by}-pair.mjs`, [pair.level, pair.case], {
    execArgv,
    deadlineMs: PAIR_WITHIN_MS,
  });
  const [said] = outcome.said;
  let observed =
    said?.observed ?? `the host’s process ended: ${outcome.end} ${lastLine(outcome.printed)}`.trim();
  if (said !== undefined && outcome.end !== 'exit 0') observed += `, its process ended with ${outcome.end}`;
  const bites = one.bare.some((known) => known === bare);
  if (!bites) observed += `, bare it is ${bare} and not ${one.bare.join(' or ')}`;
  const skipped = said?.lacking !== undefined && !MUST_RUN;
  // Whether V8 or the guard comes first is a matter of who gets the processor: the cell may well live on.
  const better = claimed === 'cell-recycled' && observed === 'contained';
  const held = claimed === 'not-claimed' ? bites : observed === claimed || better;
  return {
    ...pair,
    claimed,
    observed,
    ok: held || skipped,
    skipped,
    gapMs: said?.gapMs ?? null,
    bare,
    ms: Math.round(performance.now() - began),
  };
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}
