/**
 * The story that `start.mjs` tells: mails are sent while everything is killed once, then the spec is changed.
 * On one machine, or on two hosts with a broker between them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elapsedText, paintFor, recordText, withSmallCluster } from '@espalier/cli';
import type { EventRecord } from '@espalier/supervisor';
import { audit } from './audit.js';
import { Jobs } from './jobs.js';
import { LocalTree } from './local-tree.js';
import type { StartTree } from './tree.js';
import { HOSTS, TreeOnHosts } from './tree-on-hosts.js';

export interface StoryOptions {
  readonly mails: number;
  /** The last line is the audit as JSON. */
  readonly json: boolean;
  /** Two daemons and a broker, in place of this process and one cell. */
  readonly twoHosts: boolean;
}

/** Failures and what is done about them. */
const TOLD = new Set(['failed', 'restarting', 'restarted', 'escalated', 'applied', 'apply-undone']);

/** Resolves with the exit code: 0 if no mail was lost or settled twice. */
export async function tell(options: StoryOptions): Promise<number> {
  if (!options.twoHosts) return tellHere(options);
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  return withSmallCluster({ hosts: HOSTS, say, note }, (cluster) => {
    const start: StartTree = (order) => TreeOnHosts.start(cluster, order);
    // Where it goes with the cluster, whatever ends that.
    return tellOf(options, join(cluster.folder, 'journal'), start, async () => {
      say('The daemon of beta is killed, and started again.');
      await cluster.killHost('beta');
      await cluster.startHost('beta');
    });
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function tellHere(options: StoryOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-jobs-'));
  try {
    return await tellOf(options, join(folder, 'journal'), LocalTree.start);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tellOf(
  { mails, json }: StoryOptions,
  journal: string,
  start: StartTree,
  disturb?: () => Promise<void>,
): Promise<number> {
  const paint = paintFor(process.stdout, process.env);
  const beganAt = performance.now();
  const waits: number[] = [];
  const onEvent = (record: EventRecord): void => {
    if (record.event === 'restarting') waits.push(record['delayMs'] as number);
    const text = recordText(record, elapsedText(performance.now() - beganAt), paint);
    if (text !== undefined && TOLD.has(record.event)) say(text);
  };
  const jobs = await Jobs.open({ journal, onEvent, start });
  try {
    const kill = async (path: string, when: number): Promise<void> => {
      const { sent } = await jobs.until((totals) => totals.sent >= mails * when);
      say(`\n${sent} of ${mails} mails are sent. ${path} is killed.`);
      // On a slow machine it may be between two lives.
      await jobs.tree.kill(path).catch(() => say('It is not there just now.'));
    };
    const submitAll = async (): Promise<void> => {
      for (let i = 1; i <= mails; i++)
        await jobs.submit({ id: `mail-${i}`, to: i < mails ? `reader-${i}@example.org` : 'nobody' });
    };
    const interfere = async (): Promise<void> => {
      await kill('jobs/workers/#2', 0.1);
      await kill('jobs/store', 0.2);
      await kill('jobs/queue', 0.4);
      await disturb?.();
      await jobs.until(({ sent }) => sent >= mails * 0.6);
      say('\nThe spec is changed: more workers, and a better connection.');
      const better = { workers: 4, mailsPerConnection: 1000 };
      say((await jobs.check(better)).description);
      await jobs.apply(better);
    };
    say(`${mails} mails, the last of them to nobody.\n`);
    await Promise.all([submitAll(), interfere()]);
    await jobs.until(({ submitted, sent, givenUp }) => sent + givenUp === submitted);
    await jobs.close();
    const result = audit(journal);
    const sound = result.submitted === mails && result.lost.length === 0 && result.twice.length === 0;
    const ends = `${result.sent} sent, ${result.givenUp} given up after ${result.failures} failures in all`;
    const verdict = sound ? 'none is lost, none is settled twice' : 'THAT IS NOT RIGHT';
    say(`\n${mails} mails: ${ends}; ${paint(sound ? 'green' : 'red', verdict)}`);
    if (json) say(JSON.stringify({ ...result, waits, seconds: (performance.now() - beganAt) / 1000 }));
    return sound ? 0 : 1;
  } finally {
    await jobs.close();
  }
}
