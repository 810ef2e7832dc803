/**
 * What is taken for granted of this machine for the one cell that is started before anything was tried out: walls that
 * need no rights and that nearly every system offers. That the cell comes up behind them is the proof.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { findTool, missing, missingTool, OOM_SCORE_FILE, UTIL_LINUX } from './probe.js';
import { TOOLS, WALLS, type Machine, type ProbedWall, type Tool, type WallName } from './walls.js';

export function assumedMachine(): Machine {
  const found = TOOLS.flatMap((tool): [Tool, string][] => {
    const path = findTool(tool);
    return path === undefined ? [] : [[tool, path]];
  });
  const tools = Object.fromEntries(found) as Partial<Record<Tool, string>>;
  const by = (tool: 'prlimit' | 'setpriv'): ProbedWall =>
    tools[tool] === undefined
      ? missing(missingTool(tool), UTIL_LINUX)
      : { available: true, why: `there is \`${tool}\`` };
  const untried = missing('it was not tried out', 'Ask for it before the tree is started.');
  const walls = Object.fromEntries(Object.keys(WALLS).map((wall) => [wall, untried]));
  const assumed = { rlimits: by('prlimit'), deathSignal: by('setpriv'), oomScore: oomScore() };
  return {
    walls: { ...walls, ...assumed } as Record<WallName, ProbedWall>,
    tools,
    inUserNamespace: false,
    host: process.pid,
    cgroups: {},
    permissionFlag: undefined,
  };
}

/** Whether nothing else is asked for. */
export function isAssumed(names: readonly WallName[]): boolean {
  return names.every((name) => name === 'rlimits' || name === 'deathSignal' || name === 'oomScore');
}

function oomScore(): ProbedWall {
  try {
    writeFileSync(OOM_SCORE_FILE, readFileSync(OOM_SCORE_FILE, 'utf8').trim());
    return { available: true, why: `${OOM_SCORE_FILE} is writable` };
  } catch (error) {
    return missing((error as Error).message, 'Make /proc writable.');
  }
}
