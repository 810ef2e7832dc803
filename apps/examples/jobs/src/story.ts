/** The story that `start.mjs` tells: mails are sent while everything is killed once, then the spec is changed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventText, paintFor } from '@espalier/cli';
import { describeDifference, type TreeEvent } from '@espalier/supervisor';
import { audit } from './audit.js';
import { Jobs } from './jobs.js';

export interface StoryOptions {
  readonly mails: number;
  /** The last line is the audit as JSON. */
  readonly json: boolean;
}

/** Resolves with the exit code: 0 if no mail was lost or settled twice. */
export async function tell({ mails, json }: StoryOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-jobs-'));
  const journal = join(folder, 'journal');
  const paint = paintFor(process.stdout, process.env);
  const beganAt = performance.now();
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const waits: number[] = [];
  const onEvent = (event: TreeEvent): void => {
    if (event.kind === 'supervision' && event.event.kind === 'restarting') waits.push(event.event.delayMs);
    const text = eventText(event, performance.now() - beganAt, paint);
    if (text !== undefined && isTold(event)) say(text);
  };
  const jobs = await Jobs.open({ journal, onEvent });
  try {
    const kill = async (path: string, when: number): Promise<void> => {
      const { sent } = await jobs.until((totals) => totals.sent >= mails * when);
      say(`\n${sent} of ${mails} mails are sent. ${path} is killed.`);
      // On a slow machine it may be between two lives.
      await jobs.host.kill(path).catch(() => say('It is not there just now.'));
    };
    const submitAll = async (): Promise<void> => {
      for (let i = 1; i <= mails; i++)
        await jobs.submit({ id: `mail-${i}`, to: i < mails ? `reader-${i}@example.org` : 'nobody' });
    };
    const interfere = async (): Promise<void> => {
      await kill('jobs/workers/#2', 0.1);
      await kill('jobs/store', 0.2);
      await kill('jobs/queue', 0.4);
      await jobs.until(({ sent }) => sent >= mails * 0.6);
      say('\nThe spec is changed: more workers, and a better connection.');
      const better = { workers: 4, mailsPerConnection: 1000 };
      const { difference } = await jobs.apply(better, { check: true });
      say(describeDifference(difference));
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
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Failures and what is done about them. */
function isTold(event: TreeEvent): boolean {
  if (event.kind !== 'supervision') return event.kind === 'applied' || event.kind === 'apply-undone';
  return ['failed', 'restarting', 'restarted', 'escalated'].includes(event.event.kind);
}
