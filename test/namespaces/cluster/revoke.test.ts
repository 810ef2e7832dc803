/**
 * A host whose key leaked: by a list that one of the others was given it is shut out on all of them, on those too that were
 * off meanwhile.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Network } from '../network.mjs';
import { here, Machine, SLOW_MACHINE_MS, startBroker, until } from './machine.js';

/** Three daemons: half as many again as the others have. */
jest.setTimeout(2 * SLOW_MACHINE_MS);
const spec = (name: string): string => fileURLToPath(new URL(`specs/${name}.espalier.yaml`, import.meta.url));

here('a host that is revoked', () => {
  let folder: string;
  let network: Network;
  let alpha: Machine;
  let beta: Machine;
  let thief: Machine;
  let thiefId: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    network = await Network.create();
    const broker = await startBroker(network);
    const login = join(folder, 'login');
    writeFileSync(login, 'guest:guest\n', { mode: 0o600 });
    [alpha, beta, thief] = (await Promise.all(
      ['alpha', 'beta', 'thief'].map((name) => Machine.start(network, name, join(folder, name))),
    )) as [Machine, Machine, Machine];
    await alpha.prints('cluster', 'init', '--broker', broker, '--login', login);
    await Promise.all([joined(beta), joined(thief), alpha.prints('apply', spec('front'))]);
    await Promise.all([beta.prints('apply', spec('front')), thief.prints('apply', spec('shop'))]);
    thiefId = (await thief.status()).host;
    await Promise.all([alpha, beta].map((machine) => answersAgain(machine, 'price')));
  });

  afterAll(async () => {
    await network.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const joined = async (machine: Machine): Promise<void> => {
    const ticket = await alpha.prints('cluster', 'ticket', (await machine.status()).publicKey);
    expect((await machine.command(['cluster', 'join'], ticket)).code).toBe(0);
  };
  const answersAgain = async (machine: Machine, call: string): Promise<void> => {
    await until(
      () => machine.command(['call', 'front/till', call, 'apples']),
      ({ code }) => code === 0,
    );
  };
  const isShutOut = async (machine: Machine): Promise<void> => {
    await until(
      () => machine.status(),
      ({ hosts, names }) => ![...hosts, ...names.flatMap(({ holders }) => holders)].some(isThief),
    );
    await until(
      () => machine.command(['call', 'front/till', 'price', 'apples']),
      ({ code }) => code === 1,
    );
  };
  const isThief = ({ host }: { readonly host: string }): boolean => host === thiefId;

  test('is shut out on every other host by a list that one of them was given, and on who was off', async () => {
    await beta.kill();
    const made = await alpha.command(['cluster', 'revoke', thiefId]);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('cluster follow') as unknown });
    const followed = await alpha.command(['cluster', 'follow'], made.stdout);
    expect(followed).toMatchObject({ code: 0, stderr: '' });
    await isShutOut(alpha);
    await beta.begin();
    // It has the list from alpha, and keeps it: from now on it knows by itself.
    const kept = join(beta.folder, 'cluster', 'revoked-told');
    await until(
      async () => existsSync(kept),
      (isThere) => isThere,
    );
    await isShutOut(beta);
    expect(readFileSync(kept, 'utf8')).toBe(made.stdout.trim());
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    // The others still reach each other.
    await Promise.all([alpha, beta].map((machine) => answersAgain(machine, 'order')));
  });

  test('gets no other ticket for its key, and a list that is none or older is refused', async () => {
    const { publicKey } = await thief.status();
    expect(await alpha.command(['cluster', 'ticket', publicKey])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('that key is revoked') as unknown,
    });
    expect(await alpha.command(['cluster', 'revoke', 'beta'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('revocations_refused') as unknown,
    });
    const { list } = JSON.parse(await alpha.prints('cluster', 'revoke', 'f'.repeat(32), '--json')) as {
      readonly list: string;
    };
    const former = readFileSync(join(alpha.folder, 'cluster', 'revoked'), 'utf8');
    expect((await alpha.command(['cluster', 'follow', list])).code).toBe(0);
    expect(await alpha.command(['cluster', 'follow', former, '--json'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"code":"revocations_refused"') as unknown,
    });
    await until(
      async () => readFileSync(join(beta.folder, 'cluster', 'revoked-told'), 'utf8'),
      (text) => text === list,
    );
  });
});
