/**
 * Changes under fire: while one apply or change of limits after the other is asked for, the daemon or its driver of
 * administration is killed at a random instant, again and again. Each has a number by which it is known again: as
 * argument of the node, or as its memory.
 */
import type { RevisionWithText } from '@espalier/supervisor/client';
import { FIXTURES, RunningDaemon, specWith } from './running-daemon.js';

export interface Crashes {
  readonly folder: string;
  readonly changes: number;
  /** Of 0 up to 1, as `Math.random`. */
  readonly random: () => number;
}

export interface AfterCrashes {
  readonly kills: number;
  /** The changes that were acknowledged, in their order. */
  readonly acknowledged: readonly number[];
  /** Those of all revisions that are kept, in their order. */
  readonly kept: readonly number[];
  /** What runs in the end: the last apply and the last change of limits. */
  readonly runs: readonly unknown[];
  /** What should, by the revisions that are kept. */
  readonly shouldRun: readonly unknown[];
}

/** After so long a change is mostly over; a kill falls before or after its end. Milliseconds. */
const LATEST_KILL_MS = 250;
/** So many are asked for with nobody killed. */
const SPARED = 0.3;
/** So many are changes of limits, once there is something to limit. */
const OF_LIMITS = 0.5;
/** Memory that is no default, and what it is of change 0. */
const BASE_MB = 1000;

export async function changeUnderFire({ folder, changes, random }: Crashes): Promise<AfterCrashes> {
  const acknowledged: number[] = [];
  let kills = 0;
  let daemon = await RunningDaemon.start(folder);
  try {
    for (let n = 1; n <= changes; n++) {
      const ofLimits = acknowledged.length > 0 && random() < OF_LIMITS;
      const asked = ofLimits
        ? daemon.client.setLimits('shop/counter', { memoryMb: BASE_MB + n })
        : daemon.client.apply({ text: specWith(n), base: FIXTURES.href });
      const applied = asked
        .then(({ revision }) => (revision === null ? undefined : acknowledged.push(n)))
        .catch(() => undefined);
      if (random() < SPARED) {
        await applied;
        continue;
      }
      kills += 1;
      await new Promise((resolve) => setTimeout(resolve, random() * LATEST_KILL_MS));
      if (random() < 0.7) {
        await Promise.all([daemon.kill('SIGKILL'), applied]);
        daemon = await RunningDaemon.start(folder);
      } else {
        const lives = daemon.lives;
        process.kill(daemon.driverPid, 'SIGKILL');
        await Promise.all([daemon.says('listens at', lives + 1), applied]);
      }
    }
    const { revisions } = await daemon.client.history();
    const all = await Promise.all(revisions.map(({ revision }) => daemon.client.revision(revision)));
    const states = all.reverse().map((revision) => [argsOf(revision), limitOf(revision)] as const);
    const kept = states.map(([args, limit], i) => (limit === (states[i - 1]?.[1] ?? 0) ? args : limit));
    const last = states.at(-1);
    if (last === undefined) return { kills, acknowledged, kept: [], runs: [], shouldRun: [] };
    const args = await daemon.client.call('shop/counter', { operation: 'args' });
    const { limits } = await daemon.client.show('shop/counter');
    const runs = [args, limits === null ? 0 : Number(limits['memoryMb']) - BASE_MB];
    return { kills, acknowledged, kept, runs, shouldRun: last };
  } finally {
    await daemon.kill('SIGKILL');
  }
}

function argsOf({ text }: RevisionWithText): number {
  return (JSON.parse(text) as { readonly children: readonly [{ readonly args: number }] }).children[0].args;
}

/** 0: none. */
function limitOf({ limits: [changed] }: RevisionWithText): number {
  return changed === undefined ? 0 : Number(changed.limits['memoryMb']) - BASE_MB;
}
