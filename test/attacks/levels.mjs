/** The levels at which attacks run, and the one place where a level becomes part of a tree. */

/** @typedef {'thread' | 'process' | 'cell'} Level */

/**
 * `built`: whether it can be run. `by`: as a guest of a tree, or as a process of its own spoken to by its pipe.
 * @type {Readonly<Record<Level, { built: boolean, by: 'tree' | 'cell', what: string }>>}
 */
export const LEVELS = {
  thread: { built: true, by: 'tree', what: 'an environment of a tree, in a thread of the host’s process' },
  process: { built: true, by: 'tree', what: 'an environment of a tree with `wall: process`' },
  cell: { built: true, by: 'cell', what: 'the process of a cell, and the pipe to it' },
};

export const LEVEL_NAMES = /** @type {Level[]} */ (Object.keys(LEVELS));

/** Whether a case is one of this level. @param {import('./case.mjs').Case} one @param {Level} level */
export function isAt(one, level) {
  if (LEVELS[level].by === 'cell') return one.cell !== undefined;
  return one.tree !== undefined && (one.tree.at ?? [level]).includes(level);
}

/** Enough for every case that restarts on purpose. */
const RESTARTS = { intensity: 5, periodMs: 60_000 };

/**
 * The tree of a case: the attacker behind the wall of its level, a sibling that only beats, and one that never
 * reads its mailbox.
 * @param {Level} level @param {string} name of the case @param {import('./case.mjs').TreeCase} expected
 * @returns {{ spec: import('@espalier/supervisor').TreeSpec, options: { embedded: true } }}
 */
export function treeOf(level, name, { limits = {}, walls = [], isolated }) {
  const required = /** @type {import('@espalier/supervisor').CellWallName[]} */ (walls);
  const wall = level === 'process' ? { wall: /** @type {const} */ ('process'), walls: { required } } : {};
  /** @type {Record<string, { send: string }>} */
  const grants = { heart: { send: '/cage/heart' }, attacker: { send: '/cage/attacker' } };
  return {
    spec: {
      name: 'attacks',
      ...RESTARTS,
      ...(isolated ? { grants } : {}),
      children: [
        {
          id: 'cage',
          ...RESTARTS,
          ...(isolated ? { siblings: 'isolate' } : {}),
          children: [
            { id: 'heart', module: './heart.mjs', limits: { heapMb: 64 } },
            { id: 'deaf', module: './deaf.mjs', limits: { heapMb: 64 }, sendTimeoutMs: 300 },
            { id: 'attacker', module: './attacker.mjs', args: name, limits, ...(isolated ? {} : wall) },
          ],
        },
      ],
    },
    options: { embedded: true },
  };
}

export const ATTACKER = 'attacks/cage/attacker';
