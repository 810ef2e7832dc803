/**
 * Applies under fire: while one apply after the other is asked for, the daemon or its driver of administration is
 * killed at a random instant, again and again. Each apply has arguments of its own, by which it is known again.
 */
import { FIXTURES, RunningDaemon, specWith } from './running-daemon.js';

export interface Crashes {
  readonly folder: string;
  readonly applies: number;
  /** Of 0 up to 1, as `Math.random`. */
  readonly random: () => number;
}

export interface AfterCrashes {
  readonly kills: number;
  /** Arguments of the applies that were acknowledged, in their order. */
  readonly acknowledged: readonly number[];
  /** Arguments of all revisions that are kept, in their order. */
  readonly kept: readonly number[];
  /** What runs in the end. */
  readonly runs: unknown;
}

/** After so long an apply is mostly over; a kill falls before or after its end. Milliseconds. */
const LATEST_KILL_MS = 250;
/** So many applies are asked for with nobody killed. */
const SPARED = 0.3;

export async function applyUnderFire({ folder, applies, random }: Crashes): Promise<AfterCrashes> {
  const acknowledged: number[] = [];
  let kills = 0;
  let daemon = await RunningDaemon.start(folder);
  try {
    for (let n = 1; n <= applies; n++) {
      const applied = daemon.client
        .apply({ text: specWith(n), base: FIXTURES.href })
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
    const texts = await Promise.all(revisions.map(({ revision }) => daemon.client.revision(revision)));
    const kept = texts.reverse().map(({ text }) => argsOf(text));
    const runs =
      kept.length === 0 ? undefined : await daemon.client.call('shop/counter', { operation: 'args' });
    return { kills, acknowledged, kept, runs };
  } finally {
    await daemon.kill('SIGKILL');
  }
}

function argsOf(text: string): number {
  return (JSON.parse(text) as { readonly children: readonly [{ readonly args: number }] }).children[0].args;
}
