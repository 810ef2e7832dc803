/** The job queue as a user has it: through its own class, over real threads, with everything killed that can be. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EventRecord } from '@espalier/supervisor';
import { audit } from '../src/audit.js';
import { Jobs, type JobsOptions } from '../src/jobs.js';
import { append } from '../src/journal.js';
import { LocalTree } from '../src/local-tree.js';

const MAILS = 30;

let folder: string;
let journal: string;
let jobs: Jobs;
let events: EventRecord[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-jobs-'));
  journal = join(folder, 'journal');
  events = [];
});
afterEach(async () => {
  await jobs.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Partial<JobsOptions> = {}): Promise<void> {
  const settings = { workers: 2, tries: 10, mailsPerConnection: 1000, ...options };
  jobs = await Jobs.open({ journal, onEvent: (record) => events.push(record), ...settings });
}

function submitAll(to = (i: number) => `reader-${i}@example.org`): Promise<unknown> {
  return Promise.all(Array.from({ length: MAILS }, (_, i) => jobs.submit({ id: `mail-${i}`, to: to(i) })));
}

const finished = () => jobs.until(({ submitted, sent, givenUp }) => sent + givenUp === submitted);
const sent = (number: number) => jobs.until((totals) => totals.sent >= number);

/** What happened, of these kinds, and to whom. */
function history(...kinds: readonly string[]): readonly string[] {
  return events.filter(({ event }) => kinds.includes(event)).map(({ event, path }) => `${event} ${path}`);
}

test.each([
  ['the store', 'jobs/store', ['jobs/store', 'jobs/queue', 'jobs/workers', 'jobs/gateway']],
  ['the queue', 'jobs/queue', ['jobs/queue', 'jobs/workers', 'jobs/gateway']],
  ['a worker', 'jobs/workers/#1', ['jobs/workers/#1']],
  ['the gateway', 'jobs/gateway', ['jobs/gateway']],
])(
  '%s is killed while all are at work: nothing is lost, and who needs it is restarted in order',
  async (_who, path, restarted) => {
    await open();
    const submitting = submitAll();
    await sent(MAILS / 3);
    await jobs.tree.kill(path);
    await submitting;
    expect(await finished()).toEqual({ submitted: MAILS, sent: MAILS, givenUp: 0 });
    await jobs.close();
    expect(audit(journal)).toMatchObject({ submitted: MAILS, sent: MAILS, lost: [], twice: [] });
    expect(history('restarted')).toEqual(restarted.map((child) => `restarted ${child}`));
  },
);

test('the store is killed while mails are submitted: each that is acknowledged is there, once', async () => {
  await open();
  const submitting = submitAll();
  await jobs.tree.kill('jobs/store');
  await submitting;
  await finished();
  expect(audit(journal)).toMatchObject({ submitted: MAILS, sent: MAILS, lost: [], twice: [] });
  expect(history('restarted')[0]).toBe('restarted jobs/store');
});

test('store, queue and workers are killed again and again, at any moment', async () => {
  await open({ workers: 3, mailsPerConnection: 8 });
  const submitting = submitAll();
  for (const [number, path] of [
    'jobs/workers/#2',
    'jobs/queue',
    'jobs/store',
    'jobs/workers/#1',
    'jobs/queue',
  ].entries()) {
    await sent((number * MAILS) / 6);
    // There may be none of them just now; then it is killed already.
    await jobs.tree.kill(path).catch(() => undefined);
  }
  await submitting;
  await finished();
  expect(audit(journal)).toMatchObject({ submitted: MAILS, sent: MAILS, lost: [], twice: [] });
});

test('a mail that breaks its worker each time is given up after so many tries, and no other suffers', async () => {
  await open({ tries: 3 });
  await submitAll((i) => (i === 7 ? 'nobody' : `reader-${i}@example.org`));
  expect(await finished()).toEqual({ submitted: MAILS, sent: MAILS - 1, givenUp: 1 });
  expect(audit(journal)).toMatchObject({ failures: 3, lost: [], twice: [] });
  expect(history('failed').every((line) => line.startsWith('failed jobs/workers/#'))).toBe(true);
});

test('a gateway that breaks down is waited for, longer each time, and costs no mail a failure', async () => {
  await open({ mailsPerConnection: 8 });
  await submitAll();
  await finished();
  const waits = events.filter(({ event }) => event === 'restarting');
  expect(waits.slice(0, 3)).toMatchObject([
    { path: 'jobs/gateway', delayMs: 100 },
    { path: 'jobs/gateway', delayMs: 200 },
    { path: 'jobs/gateway', delayMs: 400 },
  ]);
  expect(history('restarted')).toEqual(waits.map(() => 'restarted jobs/gateway'));
  expect(audit(journal)).toMatchObject({ sent: MAILS, failures: 0, lost: [], twice: [] });
});

test('while there is no gateway every mail waits, and it costs none a failure', async () => {
  let tree: LocalTree | undefined;
  await open({ start: async (order) => (tree = await LocalTree.start(order)) });
  await tree?.host.terminateChild('jobs/gateway');
  await submitAll();
  expect(await jobs.totals()).toEqual({ submitted: MAILS, sent: 0, givenUp: 0 });
  await tree?.host.restartChild('jobs/gateway');
  await finished();
  expect(history('failed')).toEqual([]);
  expect(audit(journal)).toMatchObject({ sent: MAILS, failures: 0, lost: [], twice: [] });
});

test('apply restarts what it said it would, and nobody else; the new workers work', async () => {
  await open();
  const submitting = submitAll();
  await sent(3);
  const better = { workers: 4, tries: 10, mailsPerConnection: 500 };
  const found = await jobs.check(better);
  expect(found.changes).toMatchObject([
    {
      what: 'changed',
      path: 'jobs/workers',
      restarts: false,
      fields: [{ field: 'maxChildren', from: 2, to: 4 }],
    },
    { what: 'changed', path: 'jobs/gateway', restarts: true, fields: [{ field: 'args' }] },
  ]);
  expect(history('stopped')).toEqual([]);
  events = [];
  expect(await jobs.apply(better)).toEqual(found);
  expect(history('stopped', 'started')).toEqual([
    ...['stopped jobs/gateway', 'started jobs/gateway'],
    ...['started jobs/workers/#3', 'started jobs/workers/#4'],
  ]);
  expect(await jobs.apply(better)).toMatchObject({ changes: [] });
  // The queue is restarted with those below it; the store stays.
  events = [];
  await jobs.apply({ ...better, tries: 11 });
  expect(history('stopped').filter((line) => !line.includes('#'))).toEqual([
    ...['stopped jobs/gateway', 'stopped jobs/workers', 'stopped jobs/queue'],
  ]);
  await submitting;
  await finished();
  expect(audit(journal)).toMatchObject({ submitted: MAILS, sent: MAILS, lost: [], twice: [] });
});

test('a process that was ended goes on where it was; a line that was cut off counts for nothing', async () => {
  append(journal, { what: 'submitted', mail: { id: 'sent', to: 'a@example.org' } });
  append(journal, { what: 'submitted', mail: { id: 'open', to: 'b@example.org' } });
  append(journal, { what: 'settled', id: 'sent', outcome: { receipt: '250 sent' } });
  appendFileSync(journal, '{"what":"submitted","mail":{"id":"cut');
  await open();
  await finished();
  await jobs.submit({ id: 'sent', to: 'a@example.org' });
  expect(await jobs.totals()).toEqual({ submitted: 2, sent: 2, givenUp: 0 });
  expect(audit(journal)).toMatchObject({ submitted: 2, sent: 2, lost: [], twice: [] });
});
