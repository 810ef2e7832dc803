/** `espalier demo cluster`, as somebody runs it who tries a cluster out. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describeWithBroker } from './broker.js';

const COMMAND = fileURLToPath(new URL('../../apps/cli/bin/espalier.js', import.meta.url));
const SLOW_MACHINE_MS = 120_000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esp-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of the demonstration's. What Espalier has compiled for this user is kept for the next time. */
const isOurs = (name: string): boolean => name.startsWith('esp-');

/** What it leaves behind would be in that folder. */
function demo(rabbitmq: string): Promise<Ran> {
  const env = { ...process.env, TMPDIR: folder, RABBITMQ_SERVER: rabbitmq };
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, 'demo', 'cluster'], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describeWithBroker('espalier demo cluster', (rabbitmq) => {
  test(
    'shows a service that outlives its host, and leaves nothing behind',
    async () => {
      const { code, stdout, stderr } = await demo(rabbitmq);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('tea: ordered on beta, done on alpha');
      // The first cup may be what alpha does in its last moment.
      expect(stdout).toMatch(/^coffee.*: ordered on beta, done on beta$/m);
      expect(readdirSync(folder).filter(isOurs)).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );
});

test('espalier demo cluster says what to install where there is no RabbitMQ', async () => {
  const { code, stderr } = await demo('/nowhere/rabbitmq-server');
  expect(code).toBe(1);
  expect(stderr).toContain('apt-get install');
  expect(readdirSync(folder).filter(isOurs)).toEqual([]);
});
