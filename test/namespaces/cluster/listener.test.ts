/** What somebody on the link learns of a cluster of daemons: what the page says, and never how to log in at the broker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Network } from '../network.mjs';
import { here, Machine, SLOW_MACHINE_MS, startBroker, until } from './machine.js';

jest.setTimeout(SLOW_MACHINE_MS);
const MODULE = fileURLToPath(new URL('specs/prices.mjs', import.meta.url));

here('a listener on the link of a cluster', () => {
  let folder: string;
  let network: Network;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    network = await Network.create();
  });

  afterAll(async () => {
    await network.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** The spec of a tree with one server, which is offered under that name. */
  function treeOf(name: string, hidden: boolean): string {
    const file = join(folder, `${name}.espalier.json`);
    const cluster = { exports: { [name]: { to: 'prices' } }, ...(hidden ? { hidden } : {}) };
    const children = [{ id: 'prices', module: MODULE }];
    writeFileSync(file, JSON.stringify({ name: 'shop', cluster, children }));
    return file;
  }

  test('hears where the broker is and names in clear, but none of a tree that hides them, and no login', async () => {
    const broker = await startBroker(network);
    const listener = await network.host('listener');
    await listener.launch(new URL('listener.mjs', import.meta.url), { address: '10.99.0.2' });
    const hears = async (text: string): Promise<boolean> => (await listener.ask('heard', { text })) === true;
    const alpha = await Machine.start(network, 'alpha', join(folder, 'a'));
    const beta = await Machine.start(network, 'beta', join(folder, 'b'));
    const login = join(folder, 'login');
    writeFileSync(login, 'guest:guest\n', { mode: 0o600 });
    await alpha.prints('cluster', 'init', '--broker', broker, '--login', login);
    const ticket = await alpha.prints('cluster', 'ticket', (await beta.status()).publicKey);
    expect((await beta.command(['cluster', 'join'], ticket)).code).toBe(0);
    await alpha.prints('apply', treeOf('seen-by-all', false));
    await beta.prints('apply', treeOf('for-members', true));
    const { host } = await beta.status();
    // Members know both.
    for (const machine of [alpha, beta]) {
      await until(
        () => machine.status(),
        ({ names }) => names.map(({ name }) => name).join() === 'for-members,seen-by-all',
      );
    }
    expect(await alpha.holders('for-members')).toEqual([host]);
    await until(
      () => hears('seen-by-all'),
      (does) => does,
    );
    expect(await hears(broker)).toBe(true);
    expect(await hears(host)).toBe(true);
    expect(await hears('for-members')).toBe(false);
    expect(await hears('guest')).toBe(false);
  });
});
