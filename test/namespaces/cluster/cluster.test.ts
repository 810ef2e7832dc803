/**
 * Two daemons and a broker, each in a network namespace: with one ticket, and nothing else configured, they find each
 * other, names of one are names of the other, and a name with one holder outlives its host.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Network } from '../network.mjs';
import { here, Machine, SLOW_MACHINE_MS, startBroker, until, type Ran } from './machine.js';

jest.setTimeout(SLOW_MACHINE_MS);
const pem = (name: string): string =>
  fileURLToPath(new URL(`../../../apps/daemon/test/fixtures/tls/${name}.pem`, import.meta.url));
/** Everybody else has no way to it: it is asked on its own machine. */
const TLS = ['--listen', '127.0.0.1:7443', '--tls-cert', pem('cert'), '--tls-key', pem('key')];
const spec = (name: string): string => fileURLToPath(new URL(`specs/${name}.espalier.yaml`, import.meta.url));

here('a cluster of daemons', () => {
  let folder: string;
  let network: Network;
  let alpha: Machine;
  let beta: Machine;
  let broker: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    network = await Network.create();
    broker = await startBroker(network);
    alpha = await Machine.start(network, 'alpha', join(folder, 'a'));
    beta = await Machine.start(network, 'beta', join(folder, 'b'), TLS);
  });

  afterAll(async () => {
    await network.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('a daemon makes the key of its host at its first start, for its user alone', async () => {
    expect(statSync(join(beta.folder, 'cluster', 'host.key')).mode & 0o777).toBe(0o600);
    const { publicKey } = await beta.status();
    expect(await beta.prints('cluster', 'key')).toBe(publicKey);
    expect(await beta.prints('cluster', 'status')).toContain('a member of no cluster');
  });

  test('a tree with `cluster` runs on a host that is no member, and takes part as soon as it is one', async () => {
    await alpha.prints('apply', spec('shop'));
    await beta.prints('apply', spec('front'));
    const login = join(folder, 'login');
    writeFileSync(login, 'guest:guest\n', { mode: 0o600 });
    await alpha.prints('cluster', 'init', '--broker', broker, '--login', login);
    await until(
      () => alpha.status(),
      ({ bridge }) => bridge === 'connected',
    );
    const ticket = await alpha.prints('cluster', 'ticket', (await beta.status()).publicKey);
    const { code, stderr } = await beta.command(['cluster', 'join'], `${ticket}\n`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await until(
      () => beta.status(),
      ({ bridge, hosts }) => bridge === 'connected' && hosts.length === 2,
    );
  });

  test('a ticket for another host is refused, and so is a second one', async () => {
    const ticket = await alpha.prints('cluster', 'ticket', (await beta.status()).publicKey);
    expect(await alpha.command(['cluster', 'join', ticket])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ticket_refused') as unknown,
    });
    expect(await beta.command(['cluster', 'join', ticket])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('operation_refused') as unknown,
    });
  });

  test('a name that one host exports is called on the other, and listed there', async () => {
    const { host } = await alpha.status();
    await until(
      () => beta.holders('prices'),
      (holders) => holders.join() === host,
    );
    await until(
      () => beta.command(['call', 'front/till', 'price', 'apples']),
      ({ code, stdout }) => code === 0 && stdout.includes('apples costs 3'),
    );
    expect(await beta.prints('names')).toContain(`prices  ${host}`);
    expect(await beta.prints('tree', '--hosts')).toContain(`host ${host}\n  prices`);
    expect(await beta.prints('doctor')).toContain('the bridge is connected to the broker');
  });

  test('over TLS, who may look at the whole tree sees the cluster; who may at a part, no trace of it', async () => {
    const { host } = await alpha.status();
    const over = async (token: readonly string[], ...args: readonly string[]): Promise<Ran> => {
      const { stdout } = await beta.command(['token', ...token]);
      const env = { ESPALIER_URL: 'https://127.0.0.1:7443', ESPALIER_TOKEN: stdout.trim() };
      return beta.command([...args, '--ca', pem('cert')], '', env);
    };
    const LOOKS = [
      ['tree', '--hosts'],
      ['cluster', 'status'],
      ['cluster', 'key'],
    ];
    for (const look of [['names'], ...LOOKS.slice(0, 2)]) {
      expect(await over([], ...look)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(host) as unknown,
      });
    }
    // What changes it looks as if it were not there to who may only look.
    for (const change of [['leave'], ['join', 'x'], ['follow', 'x']]) {
      expect(await over([], 'cluster', ...change)).toMatchObject({ code: 1, stdout: '' });
    }
    const part = ['front/till', '--right', 'control'];
    for (const look of LOOKS) {
      const { code, stdout, stderr } = await over(part, ...look);
      expect([look, code, stdout]).toEqual([look, 1, '']);
      expect(stderr).toContain('there is no GET /v1/cluster');
      expect(stderr).not.toMatch(/[0-9a-f]{32}|prices|jobs|alpha|amqp/);
    }
    expect(await over(part, 'names')).toMatchObject({
      code: 0,
      stdout: 'nobody offers a name\n',
      stderr: '',
    });
    expect(await over(part, 'tree')).toMatchObject({ code: 0, stdout: 'till  running\n' });
    expect((await beta.status()).hosts).toHaveLength(2);
  });

  test('a name with one holder moves when the host of its holder dies, and nothing confirmed is lost', async () => {
    const [{ host: first }, { host: second }] = [await alpha.status(), await beta.status()];
    const order = (job: string): Promise<string> => beta.prints('call', 'front/till', 'order', job);
    const done = (machine: Machine, tree: string): Promise<string> =>
      machine.prints('call', `${tree}/worker`, 'done', '--json');
    expect(await order('a')).toContain('ordered');
    // Alpha was there first, so the broker gives everything to it.
    await until(
      () => beta.holders('jobs'),
      (holders) => holders.join() === first,
    );
    await until(
      () => done(alpha, 'shop'),
      (jobs) => jobs.includes('"a"'),
    );
    await alpha.kill();
    expect(await order('b')).toContain('ordered');
    await until(
      () => done(beta, 'front'),
      (jobs) => jobs.includes('"b"'),
    );
    await alpha.begin();
    expect(await order('c')).toContain('ordered');
    // The one that comes back stands by, and knows whose the name is now.
    await until(
      () => Promise.all([alpha.holders('jobs'), beta.holders('jobs')]),
      (seen) => seen.every((holders) => holders.join() === second),
    );
    await until(
      () => done(beta, 'front'),
      (jobs) => jobs.includes('"c"'),
    );
  });

  test('a host that leaves is gone for the others, with its names', async () => {
    const { host } = await alpha.status();
    await alpha.prints('cluster', 'leave');
    await until(
      () => beta.status(),
      ({ hosts, names }) =>
        hosts.length === 1 && names.every(({ holders }) => holders.every((holder) => holder.host !== host)),
    );
    expect(await alpha.prints('cluster', 'status')).toContain('a member of no cluster');
    expect(await alpha.prints('tree')).toContain('prices');
  });
});
