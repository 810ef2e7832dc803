/** The way to the broker over TLS, with certificates on both sides; and what a host says where it does not get through. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { completeSettings } from '../../packages/mq-bridge/src/engine/settings.js';
import { nodeClock, nodeRandom } from '../../packages/mq-bridge/src/node/ambient.js';
import { readAccess, readMembership } from '../../packages/mq-bridge/src/node/credentials.js';
import { AmqpTransport } from '../../packages/mq-bridge/src/transport/amqp-transport.js';
import { Broker, describeWithBroker } from './broker.js';
import { Authority, type Certificate } from './certificates.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const SLOW_MACHINE_MS = 120_000;
const SERVER_NAME = 'broker.example';
const SECRET = 'open:sesame-31';
const WRONG_SECRET = 'open-barley-17';

describeWithBroker('a broker that is spoken to over TLS', (rabbitmq) => {
  const cluster = new Cluster();
  let broker: Broker;
  let authority: Authority;
  let other: Authority;
  /** Presents a certificate that has expired. */
  let expired: Server;
  const programs: Program[] = [];

  beforeAll(async () => {
    authority = new Authority(cluster.folder, 'authority');
    other = new Authority(cluster.folder, 'other');
    const own = authority.sign('broker', `DNS:${SERVER_NAME}`);
    broker = new Broker(rabbitmq, { tls: { ca: authority.ca, ...own } });
    await broker.start();
    for (const user of ['shop', 'beta']) {
      await broker.ctl(0, 'add_user', user, SECRET);
      await broker.ctl(0, 'set_permissions', user, '.*', '.*', '.*');
    }
    const past = authority.sign('past', `DNS:${SERVER_NAME}`, -1);
    const files = { cert: readFileSync(past.certificate), key: readFileSync(past.key) };
    expired = createServer(files).listen(0, '127.0.0.1');
    await new Promise((resolve) => expired.once('listening', resolve));
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    for (const program of programs) await program.kill();
    expired.close();
    await broker.stop();
    cluster.remove();
  }, SLOW_MACHINE_MS);

  const url = (): string => `amqps://127.0.0.1:${String(broker.tlsPort)}`;

  async function host(name: string, more: Partial<BridgeSettings>): Promise<Program> {
    const ledger = { id: 'ledger', module: './modules/ledger.ts' };
    const rest = { url: url(), heartbeatMs: 500, downAfterMs: 4000 };
    const settings = { ...cluster.host(name), ...rest, ...more };
    const program = new Program(name, [ledger], settings);
    programs.push(program);
    return await program.ready();
  }

  test(
    'takes a host by the login in its ticket, and by its certificate; the login is nowhere to be seen',
    async () => {
      const ca = { ca: authority.ca, serverName: SERVER_NAME };
      const tls = (): BridgeSettings['tls'] => ({ ...ca, ...authority.sign('alpha', 'DNS:alpha') });
      const ticket = cluster.host('alpha', `shop:${SECRET}`);
      const alpha = await host('alpha', { ...ticket, tls: tls() ?? {}, exports: { ledger: {} } });
      const beta = await host('beta', {
        tls: { ...ca, ...authority.sign('beta', 'DNS:beta') },
        imports: { ledger: { as: 'book' } },
      });
      expect(await beta.reach('book', 'echo', ['x'])).toBe('x');
      const users = await broker.ctl(0, 'list_connections', 'user', 'ssl');
      const lines = new Set(users.trim().split('\n'));
      expect(lines).toEqual(new Set(['user\tssl', 'shop\ttrue', 'beta\ttrue']));
      const everything = alpha.output + execFileSync('ps', ['-ef', '-ww'], { encoding: 'utf8' });
      expect(everything).not.toContain(SECRET);
      expect(everything).toContain('keeper.mjs');
    },
    SLOW_MACHINE_MS,
  );

  /** What a bridge with these settings says first of the broker. */
  async function said(more: Partial<BridgeSettings>): Promise<string> {
    const settings = completeSettings({ ...cluster.host('gamma'), url: url(), ...more });
    let transport: AmqpTransport | undefined;
    const words = await new Promise<string>((resolve) => {
      const nothing = (): void => undefined;
      transport = new AmqpTransport({
        access: readAccess(() => settings.urls, settings.tls, readMembership(settings)),
        presence: { exchange: 'x', queue: 'q', expiresMs: 10_000, bindAgainMs: 10_000 },
        clock: nodeClock,
        random: nodeRandom,
        events: {
          connected: () => resolve('connected'),
          disconnected: nothing,
          blocked: nothing,
          mismatch: nothing,
          presence: nothing,
          unreachable: (why, remedy) => resolve(`${why}: ${remedy}`),
        },
      });
      transport.start();
    });
    await transport?.stop();
    return words;
  }

  const good = (): Certificate & { readonly ca: string; readonly serverName: string } => ({
    ca: authority.ca,
    serverName: SERVER_NAME,
    ...authority.sign('beta', 'DNS:beta'),
  });

  const CASES: readonly [string, () => Partial<BridgeSettings>, RegExp][] = [
    ['nothing is wrong', () => ({ tls: good() }), /^connected$/],
    [
      'another authority is trusted',
      () => ({ tls: { ...good(), ca: other.ca } }),
      /nobody who is trusted here .*`tls\.ca`/,
    ],
    [
      'no authority is named',
      () => {
        const { ca: _ca, ...rest } = good();
        return { tls: rest };
      },
      /nobody who is trusted here .*`tls\.ca`/,
    ],
    [
      'the certificate is of another host',
      () => ({ tls: { ...good(), serverName: 'other.example' } }),
      /that of another host.*`tls\.serverName`/,
    ],
    [
      'the certificate has expired',
      () => {
        const { port } = expired.address() as AddressInfo;
        return { url: `amqps://127.0.0.1:${String(port)}`, tls: good() };
      },
      /has expired.*Renew it/,
    ],
    [
      'the own certificate is missing',
      () => ({ tls: { ca: authority.ca, serverName: SERVER_NAME } }),
      /does not take the certificate of this host.*`tls\.certificate`/,
    ],
    [
      'the own certificate is signed by somebody else',
      () => ({ tls: { ...good(), ...other.sign('beta', 'DNS:beta') } }),
      /does not take the certificate of this host.*`tls\.certificate`/,
    ],
    [
      'the own certificate has expired',
      () => ({ tls: { ...good(), ...authority.sign('beta', 'DNS:beta', -1) } }),
      /does not take the certificate of this host.*`tls\.certificate`/,
    ],
    [
      'the password is wrong',
      () => ({ url: url().replace('//', `//shop:${WRONG_SECRET}@`), tls: good() }),
      /ended the handshake.*Check the login/,
    ],
    [
      'the port is that of another listener',
      () => ({ url: `amqps://127.0.0.1:${String(broker.port)}`, tls: good() }),
      /does not speak TLS.*`amqp:`/,
    ],
    ['nobody listens', () => ({ url: 'amqp://127.0.0.1:1' }), /cannot be reached \(ECONNREFUSED\).*`url`/],
  ];

  test.each(CASES)(
    'says so when %s, and what to do',
    async (_what, settings, pattern) => {
      const words = await said(settings());
      expect(words).toMatch(pattern);
      expect(words).not.toContain(WRONG_SECRET);
    },
    SLOW_MACHINE_MS,
  );
});
