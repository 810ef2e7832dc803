/** All cases, by `class/name`. */
import { authority } from './authority.mjs';
import { life } from './life.mjs';
import { limits } from './limits.mjs';
import { links } from './links.mjs';
import { loops } from './loops.mjs';
import { memory } from './memory.mjs';
import { memoryHeld } from './memory-held.mjs';
import { messages } from './messages.mjs';
import { stdio } from './stdio.mjs';

const CLASSES = {
  life,
  loops,
  memory: { ...memory, ...memoryHeld },
  limits,
  messages,
  stdio,
  authority,
  links,
};

/** @type {ReadonlyMap<string, import('../case.mjs').Case>} */
export const CASES = new Map(
  Object.entries(CLASSES).flatMap(([group, cases]) =>
    Object.entries(cases).map(([name, one]) => /** @type {const} */ ([`${group}/${name}`, one])),
  ),
);

/** @param {string} name @returns {import('../case.mjs').Case} */
export function caseOf(name) {
  const found = CASES.get(name);
  if (found === undefined) throw new RangeError(`there is no case '${name}'`);
  return found;
}

/** Runs the attack; what one that only tries throws is nothing got. @param {import('../case.mjs').Case} one @param {import('../case.mjs').Kit} kit @param {boolean} [bare] */
export async function attackWith(one, kit, bare = false) {
  const attack = (bare ? one.bareAttack : undefined) ?? one.attack;
  try {
    return await attack?.(kit);
  } catch (error) {
    if (one.tries) return undefined;
    throw error;
  }
}
