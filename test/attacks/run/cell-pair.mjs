/**
 * One case at the level of a cell, in a process of its own, which stands for the kernel's: it runs a cell that
 * attacks and another that only answers. Reports one verdict.
 */
import { chooseWalls, probeMachine } from '../../../packages/core/dist/cells/index.js';
import { caseOf } from '../cases/index.mjs';
import { CELL_FILE, LabCell } from './cells.mjs';
import { GAP_MS, say } from './child.mjs';
import { factsOf, leftBehind } from './facts.mjs';
import { orphanOf } from './orphans.mjs';

const [, , mark = '', , name = ''] = process.argv;
const one = caseOf(name);
const expected = /** @type {import('../case.mjs').CellCase} */ (one.cell);

const LOOK_EVERY_MS = 20;
const END_WITHIN_MS = 15_000;

const machine = await probeMachine({ files: [CELL_FILE] });
const lacking = (expected.needs ?? []).filter(
  (wall) => !machine.walls[/** @type {keyof typeof machine.walls} */ (wall)].available,
);
if (lacking.length > 0) {
  say({ observed: `not run: this machine lacks ${lacking.join(', ')}`, lacking, gapMs: null });
} else {
  await pair();
}

async function pair() {
  const heart = new LabCell(machine, mark, {});
  await heart.ready;
  /** @type {LabCell[]} */
  const cells = [];
  const begin = async (/** @type {import('./cells.mjs').CellSetting} */ setting = expected.setting ?? {}) => {
    const cell = new LabCell(machine, mark, setting);
    cells.push(cell);
    return cell;
  };
  const drives = expected.drive !== undefined;
  const attacker = drives ? undefined : await begin();
  await attacker?.ready;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = factsOf(mark);
  // Its end leaves one process, its pipes and streams less than there were.
  let gapMs = 0;
  let watching = true;
  let answered = performance.now();
  const looking = setInterval(() => {
    gapMs = Math.max(gapMs, performance.now() - answered);
  }, LOOK_EVERY_MS);
  const watched = (async () => {
    while (watching) {
      await heart.ping();
      gapMs = Math.max(gapMs, performance.now() - answered);
      answered = performance.now();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();

  let observed;
  try {
    observed =
      attacker === undefined
        ? ((await expected.drive?.({
            begin,
            machine,
            choose: chooseWalls,
            parent: (order) => orphanOf(mark, { attack: name, ...order }),
          })) ?? (cells.length > 0 || one.bare.includes('leaves') ? 'cell-recycled' : 'contained'))
        : await observe(attacker);
    // Whoever supervises it starts the next one.
    if (observed === 'cell-recycled') {
      const next = new LabCell(machine, mark, { walls: expected.setting?.walls ?? [] });
      if (!(await next.ping())) observed = 'the next cell did not answer';
      next.kill();
      await next.ended;
    }
  } catch (error) {
    observed = String(error);
  }
  watching = false;
  await watched;
  clearInterval(looking);
  if (gapMs >= GAP_MS) observed += `, sibling or kernel silent for ${Math.round(gapMs)} ms`;
  for (const cell of cells) {
    cell.kill();
    await cell.ended;
    await cell.cleared;
  }
  const left = await leftBehind(before, mark);
  if (left !== undefined) observed += `, left behind: ${left}`;
  heart.kill();
  await heart.ended;
  say({ observed, gapMs: Math.round(gapMs) });
}

/** @param {LabCell} attacker @returns {Promise<string>} what was observed */
async function observe(attacker) {
  attacker.attack(name, expected.inWorker ?? false);
  if (expected.killAfterMs !== undefined) setTimeout(() => attacker.kill(), expected.killAfterMs);
  if (expected.holds) {
    const answer = await Promise.race([attacker.until((said) => said.done), attacker.ended]);
    if (answer === undefined || attacker.over) return 'the cell ended';
    if (answer.got !== undefined) return `it got ${String(answer.got)}`;
    return (await attacker.ping()) ? 'contained' : 'the cell does not answer any more';
  }
  const late = new Promise((resolve) => {
    setTimeout(() => resolve(undefined), END_WITHIN_MS).unref();
  });
  const end = /** @type {import('./cells.mjs').CellEnd | undefined} */ (
    await Promise.race([attacker.ended, late])
  );
  if (end === undefined) return 'the cell did not end';
  const { cause = [], signal } = expected;
  if (!cause.includes(end.cause))
    return `it ended with ${end.cause} (${end.problem ?? end.signal ?? end.exitCode})`;
  if (signal !== undefined && !signal.includes(end.signal))
    return `it ended with ${end.signal ?? `exit ${end.exitCode}`}`;
  return 'cell-recycled';
}
