/** A host in another language, written from docs/wire.md alone, takes part. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { findPython, PYTHON_PACKAGES } from './find-python.mjs';
import { Program } from './program.js';

const PEER = fileURLToPath(new URL('python/peer.py', import.meta.url));
const SLOW_MACHINE_MS = 120_000;

const isRequired = (process.env['ESPALIER_REQUIRE'] ?? '').split(',').includes('broker');
const python = findPython();
const testWithPython =
  python !== undefined || isRequired
    ? test.each
    : () => test.skip.each([[`needs ${Object.values(PYTHON_PACKAGES).join(', ')}`]]);

describeWithBroker('a host in Python', (rabbitmq) => {
  const cluster = new Cluster();
  const journal = join(cluster.folder, 'journal');
  let broker: Broker;
  let alpha: Program;

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
    alpha = new Program(
      'alpha',
      [
        { id: 'ledger', module: './modules/ledger.ts' },
        { id: 'journal', module: './modules/journal.ts', args: { file: journal } },
      ],
      {
        url: broker.url,
        ...cluster.host('alpha'),
        heartbeatMs: 500,
        downAfterMs: 4000,
        exports: { ledger: {}, jobs: { durable: true, to: 'journal' } },
      },
    );
    await alpha.ready();
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    await alpha.kill();
    await broker.stop();
    cluster.remove();
  });

  /** A host whose id is smaller than alpha's, so that it begins the handshake; or greater. */
  function hostThatBegins(begins: boolean): string {
    for (let n = 0; ; n++) {
      const name = `python-${String(n)}`;
      if (cluster.idOf(name) < cluster.idOf('alpha') === begins) return name;
    }
  }

  /** `behind`: how many envelopes lie in its inbox before it reads the first. */
  function run(name: string, behind: number): Promise<Record<string, unknown>> {
    const parts = { host: '127.0.0.1', port: broker.port, name: 'ledger', durable: 'jobs', behind };
    const child = spawn(python ?? 'python3', [PEER, JSON.stringify({ ...parts, ...cluster.host(name) })]);
    let [output, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve(JSON.parse(output) as Record<string, unknown>);
        else reject(new Error(`${errors}\n${alpha.output}`));
      });
    });
  }

  testWithPython([
    [true, 1],
    [false, 1],
    // What came first is read when the same was asked and answered once more.
    [true, 2],
    [false, 2],
  ])(
    'sends, casts, calls, and puts a durable message into its queue (it begins the handshake: %s; it reads from %s envelopes on)',
    async (...how: readonly unknown[]) => {
      const [begins, behind] = how as [boolean, number];
      const name = hostThatBegins(begins);
      const before = (await alpha.call('ledger', 'told')) as unknown[];
      expect(await run(name, behind)).toEqual({
        id: cluster.idOf(name),
        told: 'a cast',
        count: before.length + 2,
        refused: ['refused', 'no'],
        dropped: [],
      });
      const told = (await alpha.call('ledger', 'told')) as unknown[];
      expect(told[before.length]).toMatchObject({ from: 'python', n: 2 ** 52 });
      const handled = (): string[] =>
        readFileSync(journal, { encoding: 'utf8', flag: 'a+' }).match(/"id":"\w+/g) ?? [];
      while (!handled().includes(`"id":"${cluster.idOf(name)}`)) await alpha.call('ledger', 'told');
      expect(alpha.output).not.toMatch(/bridge: dropped/);
    },
    SLOW_MACHINE_MS,
  );
});
