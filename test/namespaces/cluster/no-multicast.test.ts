/**
 * Two daemons between which no multicast gets through. Each was told where the broker is, and nothing else: they know each
 * other and every name all the same, of a host with a thousand names too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Network } from '../network.mjs';
import { here, Machine, SLOW_MACHINE_MS, startBroker, until } from './machine.js';

jest.setTimeout(SLOW_MACHINE_MS);
const MODULE = fileURLToPath(new URL('specs/prices.mjs', import.meta.url));
const NO_MULTICAST = { incoming: ['udp dport 5353'], outgoing: ['udp dport 5353'] };
const NAMES = 1000;

here('a cluster of daemons without multicast', () => {
  let folder: string;
  let network: Network;
  let alpha: Machine;
  let beta: Machine;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    network = await Network.create();
    const broker = await startBroker(network);
    alpha = await Machine.start(network, 'alpha', join(folder, 'a'));
    beta = await Machine.start(network, 'beta', join(folder, 'b'));
    for (const machine of [alpha, beta]) await machine.drop(NO_MULTICAST);
    const login = join(folder, 'login');
    writeFileSync(login, 'guest:guest\n', { mode: 0o600 });
    await alpha.prints('cluster', 'init', '--broker', broker, '--login', login);
    const ticket = await alpha.prints('cluster', 'ticket', (await beta.status()).publicKey);
    const joined = await beta.command(['cluster', 'join', '--broker', broker], `${ticket}\n`);
    expect(joined).toMatchObject({ code: 0, stderr: '' });
    await alpha.prints('apply', treeOf('alpha', NAMES));
    await beta.prints('apply', treeOf('beta', 1));
  });

  afterAll(async () => {
    await network.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** A tree with one server, which is offered under so many names. */
  function treeOf(name: string, names: number): string {
    const file = join(folder, `${name}.espalier.json`);
    const exported = Array.from({ length: names }, (_, i) => [`${name}-${i}`, { to: 'prices' }] as const);
    const children = [{ id: 'prices', module: MODULE }];
    writeFileSync(
      file,
      JSON.stringify({ name, cluster: { exports: Object.fromEntries(exported) }, children }),
    );
    return file;
  }

  test('each knows the other, and all that it offers', async () => {
    const { host } = await alpha.status();
    await until(
      () => beta.status(),
      ({ hosts, names }) => hosts.length === 2 && names.length === NAMES + 1,
    );
    await until(
      () => alpha.status(),
      ({ names }) => names.length === NAMES + 1,
    );
    expect(await beta.prints('names')).toContain(`alpha-0  ${host}`);
    expect(await beta.prints('tree', '--hosts')).toContain(`host ${host}\n`);
  });

  test('a host that dies is gone for the other within its lease, and known again when it is back', async () => {
    await alpha.kill();
    await until(
      () => beta.status(),
      ({ hosts, names }) => hosts.length === 1 && names.length === 1,
    );
    await alpha.begin();
    await until(
      () => beta.status(),
      ({ hosts, names }) => hosts.length === 2 && names.length === NAMES + 1,
    );
  });
});
