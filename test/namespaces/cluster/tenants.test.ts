/**
 * Isolated nodes of two hosts: a name that one exports leads to the same namespace on the other and nowhere else, and
 * nothing that can be heard on the link says whose it is.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Network } from '../network.mjs';
import { here, Machine, SLOW_MACHINE_MS, startBroker, until, type Ran } from './machine.js';

jest.setTimeout(SLOW_MACHINE_MS);
const pem = (name: string): string =>
  fileURLToPath(new URL(`../../../apps/daemon/test/fixtures/tls/${name}.pem`, import.meta.url));
const TLS = ['--listen', '127.0.0.1:7443', '--tls-cert', pem('cert'), '--tls-key', pem('key')];
const MODULE = fileURLToPath(new URL('specs/tenant.mjs', import.meta.url));

const service = (id: string, whose: string, more: object = {}) => ({
  id,
  module: MODULE,
  args: whose,
  ...more,
});
const OFFERS = { exports: { db: {}, jobs: { to: 'worker', durable: true } } };
const WANTS = { imports: { db: {}, jobs: { as: 'queue', durable: true } } };

/** On alpha: tenants that each have a `db` and a worker of their own. */
const offering = (id: string, offers: object = OFFERS) => ({
  id,
  cluster: offers,
  children: [service('db', `${id} on alpha`), service('worker', id)],
});
/** On beta: one that asks. */
const asking = (id: string) => ({ id, cluster: WANTS, children: [service('till', `${id} on beta`)] });
/** And stands by for its worker on alpha. */
const standing = (id: string) => ({
  id,
  cluster: { ...WANTS, exports: { jobs: OFFERS.exports.jobs } },
  children: [service('till', `${id} on beta`), service('worker', id)],
});
const tree = (name: string, tenants: readonly object[]) => ({
  name,
  children: [service('front', 'nobody'), { id: 'tenants', siblings: 'isolate', children: tenants }],
});

here('names of isolated nodes, on two hosts', () => {
  let folder: string;
  let network: Network;
  let alpha: Machine;
  let beta: Machine;
  let hears: (text: string) => Promise<boolean>;

  const file = (name: string, spec: object): string => {
    const path = join(folder, `${name}.espalier.json`);
    writeFileSync(path, JSON.stringify(spec));
    return path;
  };
  const ask = async (who: string, ...parameters: readonly string[]): Promise<unknown> =>
    JSON.parse(await beta.prints('call', `front/${who}`, 'ask', ...parameters, '--json')) as unknown;
  const reaches = (who: string, value: string): Promise<unknown> =>
    until(
      () => ask(`tenants/${who}/till`, 'db', 'whose'),
      (seen) => (seen as { readonly value?: unknown }).value === value,
    );
  const order = async (tenant: string, job: string): Promise<void> =>
    expect(await ask(`tenants/${tenant}/till`, 'queue', 'confirmed', 'do', job)).toEqual({});
  const doneBy = async (machine: Machine, worker: string): Promise<readonly string[]> =>
    JSON.parse(await machine.prints('call', worker, 'done', '--json')) as readonly string[];
  const done = (tenant: string) => doneBy(alpha, `shop/tenants/${tenant}/worker`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    network = await Network.create();
    const broker = await startBroker(network);
    const listener = await network.host('listener');
    await listener.launch(new URL('listener.mjs', import.meta.url), { address: '10.99.0.2' });
    hears = async (text) => (await listener.ask('heard', { text })) === true;
    alpha = await Machine.start(network, 'alpha', join(folder, 'a'));
    beta = await Machine.start(network, 'beta', join(folder, 'b'), TLS);
    await alpha.prints('cluster', 'init', '--broker', broker);
    const ticket = await alpha.prints('cluster', 'ticket', (await beta.status()).publicKey);
    expect((await beta.command(['cluster', 'join'], ticket)).code).toBe(0);
    const offered = [offering('indigo'), offering('cyan'), offering('violet')];
    await alpha.prints('apply', file('shop', tree('shop', offered)));
    await beta.prints(
      'apply',
      file('front', tree('front', [standing('indigo'), asking('cyan'), asking('amber')])),
    );
  });

  afterAll(async () => {
    await network.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('each finds its own on the other host; where there is none, it is a name that nobody has', async () => {
    await reaches('indigo', 'indigo on alpha');
    await reaches('cyan', 'cyan on alpha');
    const nobody = await ask('tenants/amber/till', 'nobody', 'whose');
    expect(nobody).toMatchObject({ code: 'noproc' });
    expect(await ask('tenants/amber/till', 'db', 'whose')).toEqual(nobody);
    // Nor do they belong to the tree itself, on either host.
    expect(await ask('front', 'db', 'whose')).toEqual(nobody);
    expect(
      JSON.parse(await alpha.prints('call', 'shop/front', 'ask', 'worker', 'whose', '--json')),
    ).toMatchObject({ code: 'noproc' });
  });

  test('the same spec again changes nothing', async () => {
    const { code, stdout } = await beta.command(['apply', join(folder, 'front.espalier.json')]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('unchanged')]);
  });

  test('durable work goes to the namespace that it was ordered in', async () => {
    await order('cyan', 'of cyan');
    await order('amber', 'of amber');
    await until(
      () => done('cyan'),
      (jobs) => jobs.length > 0,
    );
    expect(await done('cyan')).toEqual(['of cyan']);
    expect(await done('indigo')).toEqual([]);
    expect(await done('violet')).toEqual([]);
  });

  test('a name goes on leading to its namespace when who has it is killed', async () => {
    await alpha.prints('kill', 'shop/tenants/indigo/db');
    await reaches('indigo', 'indigo on alpha');
    expect(await ask('tenants/cyan/till', 'db', 'whose')).toEqual({ value: 'cyan on alpha' });
  });

  test('who may look at the tree sees whose they are; who may at one tenant, its own', async () => {
    const { host } = await alpha.status();
    const printed = await beta.prints('names');
    for (const tenant of ['indigo', 'cyan']) expect(printed).toContain(`db (/tenants/${tenant})  ${host}`);
    // Beta runs no violet.
    expect(printed).toMatch(new RegExp(`^db \\(namespace [\\w-]{22}\\)  ${host}$`, 'mu'));
    expect(await beta.prints('tree', '--hosts')).toContain('  db (/tenants/cyan)\n');
    const seenBy = async (path: string): Promise<Ran> => {
      const token = await beta.prints('token', path, '--right', 'view');
      const env = { ESPALIER_URL: 'https://127.0.0.1:7443', ESPALIER_TOKEN: token };
      return beta.command(['names', '--ca', pem('cert')], '', env);
    };
    const only = (stdout: string) => ({ code: 0, stdout, stderr: '' });
    expect(await seenBy('front/tenants/cyan')).toEqual(
      only('db (cyan)  on another host\njobs (cyan)  on another host\n'),
    );
    for (const path of ['front/tenants/amber', 'front/tenants/cyan/till', 'front/front'])
      expect([path, await seenBy(path)]).toEqual([path, only('nobody offers a name\n')]);
    expect((await seenBy('front/tenants')).stdout).toContain('db (tenants/indigo)  on another host\n');
  });

  test('a listener on the link hears opaque ids, and no path', async () => {
    const { names } = await beta.status();
    const ids = names.map(({ namespace }) => namespace?.id);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids)
      await until(
        () => hears(`${id}/db`),
        (does) => does,
      );
    for (const word of ['indigo', 'cyan', 'violet', 'amber', 'tenants'])
      expect([word, await hears(word)]).toEqual([word, false]);
  });

  test('a namespace that exports no more is gone for itself, and the others go on', async () => {
    const offered = [offering('indigo', { exports: {} }), offering('cyan'), offering('violet')];
    await alpha.prints('apply', file('shop', tree('shop', offered)));
    await until(
      () => ask('tenants/indigo/till', 'db', 'whose'),
      (seen) => (seen as { readonly code?: unknown }).code === 'noproc',
    );
    await reaches('cyan', 'cyan on alpha');
  });

  test('a name with one holder outlives the host of its holder, in its namespace', async () => {
    await alpha.prints('apply', file('shop', tree('shop', [offering('indigo'), offering('cyan')])));
    await order('indigo', 'before');
    await alpha.kill();
    await order('indigo', 'after');
    await order('cyan', 'after');
    await until(
      () => doneBy(beta, 'front/tenants/indigo/worker'),
      (jobs) => jobs.includes('after'),
    );
    await alpha.begin();
    await until(
      () => done('cyan'),
      (jobs) => jobs.join() === 'after',
    );
    await reaches('indigo', 'indigo on alpha');
    expect(await done('indigo')).not.toContain('after');
  });
});
