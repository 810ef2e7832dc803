/** The job queue on two hosts: what that takes of its spec, and that it comes to the same as on one machine. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describeWithBroker } from './broker.js';

const run = promisify(execFile);
const EXAMPLE = new URL('../../apps/examples/jobs/', import.meta.url);
const START = fileURLToPath(new URL('start.mjs', EXAMPLE));
/** For two stories. */
const SLOW_MACHINE_MS = 240_000;

interface Audit {
  readonly submitted: number;
  readonly sent: number;
  readonly givenUp: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
}

const linesOf = (spec: string): readonly string[] =>
  readFileSync(new URL(`${spec}.espalier.yaml`, EXAMPLE), 'utf8').split('\n');

test('the spec of the first host is that of one machine but for a line, which the second host has', () => {
  const here = linesOf('jobs');
  const alpha = linesOf('alpha');
  const changed = here.flatMap((line, i) => (line === alpha[i] ? [] : [[line, alpha[i]]]));
  expect(alpha).toHaveLength(here.length);
  expect(changed).toEqual([
    [expect.stringMatching(/^ {2}- \{ id: gateway, /), 'cluster: { imports: { gateway: {} } }'],
  ]);
  expect(linesOf('beta')).toContain(changed[0]?.[0]);
});

/** What Espalier has compiled for this user is kept for the next time. */
const isOurs = (name: string): boolean => /^esp-|^espalier-jobs-/.test(name);

describeWithBroker('the job queue on two hosts', (rabbitmq) => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What it leaves behind would be in that folder. */
  async function story(
    ...args: readonly string[]
  ): Promise<{ readonly stdout: string; readonly audit: Audit }> {
    const env = { ...process.env, TMPDIR: folder, RABBITMQ_SERVER: rabbitmq };
    const { stdout } = await run(process.execPath, [START, '--mails', '60', '--json', ...args], { env });
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Audit;
    const { submitted, sent, givenUp, lost, twice } = last;
    return { stdout, audit: { submitted, sent, givenUp, lost, twice } };
  }

  test(
    'comes to the same as on one machine, with all killed that is killed there',
    async () => {
      const { audit: here } = await story();
      const { stdout, audit } = await story('--two-hosts');
      expect(audit).toEqual(here);
      expect(audit).toEqual({ submitted: 60, sent: 59, givenUp: 1, lost: [], twice: [] });
      expect(stdout).toMatch(/waits {6}sender\/gateway {2}restart 1 in at most 100 ms$/m);
      expect(stdout).toMatch(/~ sender\/gateway {2}is restarted$/m);
      for (const path of ['jobs/workers/#2', 'jobs/store', 'jobs/queue'])
        expect(stdout).toContain(`mails are sent. ${path} is killed.`);
      expect(readdirSync(folder).filter(isOurs)).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );
});
