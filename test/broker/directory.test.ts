/** Directories of hosts that have nothing but a broker between them: no multicast, and more names than a link carries. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import amqp from 'amqplib';
import { openJoinTicket, issueJoinTicket, createKeyPair } from '@espalier/core/identity';
import { startDiscovery, type Discovery } from '@espalier/discovery';
import { Bridge } from '../../packages/mq-bridge/src/engine/bridge.js';
import { HostExchange } from '../../packages/mq-bridge/src/engine/host-exchange.js';
import type { LocalSide } from '../../packages/mq-bridge/src/engine/local-side.js';
import { completeTerms } from '../../packages/mq-bridge/src/engine/settings.js';
import { nodeAfterTurn, nodeClock, nodeRandom } from '../../packages/mq-bridge/src/node/ambient.js';
import { AmqpTransport } from '../../packages/mq-bridge/src/transport/amqp-transport.js';
import { newDhKey } from '../../packages/mq-bridge/src/trust/dh-key.js';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { Broker, describeWithBroker, urlOf } from './broker.js';
import { CuttingProxy } from './proxy.js';

const SLOW_MACHINE_MS = 120_000;
const LEASE_MS = 2000;
const NAMES = 1000;

const nobody = (): Promise<never> => Promise.reject(new Error('nobody is here'));
/** No environment stands beside these bridges. */
const NOTHING: LocalSide = {
  send: nobody,
  cast: nobody,
  callCancellable: nobody,
  run: nobody,
  sendExit: () => undefined,
  kill: () => undefined,
  tie: nobody,
  awaitHolder: () => Promise.resolve(undefined),
  watch: () => undefined,
};

interface TestHost {
  readonly discovery: Discovery;
  stop(): Promise<void>;
}

describeWithBroker('the directory over the broker', (rabbitmq) => {
  const root = createKeyPair();
  let broker: Broker;
  const hosts: TestHost[] = [];

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  }, SLOW_MACHINE_MS);

  afterAll(() => broker.stop());

  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()));
  });

  /** A host with discovery and a bridge, wired as the daemon does it; and no other way between them. */
  function host(url = broker.url): TestHost {
    const key = createKeyPair();
    const membership = openJoinTicket(issueJoinTicket(root, { publicKey: key.publicKey }), key);
    const exchange = new HostExchange();
    const discovery = startDiscovery({ membership, exchange, multicast: false, leaseMs: LEASE_MS });
    const bridge = new Bridge({
      // What goes between directories is none of the messages that this limits.
      settings: completeTerms({ heartbeatMs: 500, downAfterMs: 4000, messageBytes: 1000 }),
      membership,
      local: NOTHING,
      clock: nodeClock,
      random: nodeRandom,
      afterTurn: nodeAfterTurn,
      newKey: newDhKey,
      transport: (made) =>
        new AmqpTransport({
          ...made,
          access: { urls: () => [url], tls: () => ({}), login: undefined },
          clock: nodeClock,
          random: nodeRandom,
        }),
      exchange,
      onEvent: () => undefined,
      appeared: () => undefined,
      awaited: () => undefined,
      ended: () => undefined,
    });
    bridge.start();
    const stop = async (): Promise<void> => {
      await discovery.close();
      await bridge.stop();
    };
    hosts.push({ discovery, stop });
    return { discovery, stop };
  }

  async function until(holds: () => boolean, mostMs: number): Promise<void> {
    const deadline = performance.now() + mostMs;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not so after ${mostMs} ms: ${holds.toString()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  test(
    'a thousand names of one host are known to others, to who comes later too, and a change is told as one',
    async () => {
      const [a, b] = [host(), host()];
      for (let i = 0; i < NAMES; i += 1) a.discovery.advertise(`name-${i}`, { holding: 'host' });
      await until(() => b.discovery.names().length === NAMES, 20_000);
      const late = host();
      await until(() => late.discovery.names().length === NAMES, 20_000);
      const offer = b.discovery.advertise('extra');
      a.discovery.advertise('more');
      await until(() => late.discovery.names().length === NAMES + 2, 10_000);
      expect((await late.discovery.resolve('extra')).holders).toMatchObject([{ host: b.discovery.host }]);
      offer.withdraw();
      await until(() => late.discovery.names().length === NAMES + 1, 10_000);
      for (const { discovery } of [a, b, late]) expect(discovery.status().problems).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'who leaves is gone at once, and who is cut off the broker within the lease, and is known again',
    async () => {
      const proxy = new CuttingProxy(() => broker.port);
      const [a, b, c] = [host(), host(urlOf(await proxy.start())), host()];
      b.discovery.advertise('db');
      const seen: string[] = [];
      a.discovery.watchHosts(({ kind, host: id }) => {
        seen.push(`${kind} ${id === b.discovery.host ? 'b' : 'c'}`);
      });
      await until(() => a.discovery.hosts().length === 3 && a.discovery.names().length === 1, 20_000);
      await c.stop();
      await until(() => seen.includes('left c'), 20_000);
      proxy.close();
      await until(() => a.discovery.names().length === 0, 3 * LEASE_MS);
      expect(seen.at(-1)).toBe('lost b');
      proxy.open();
      await until(() => a.discovery.names().length === 1, 20_000);
      proxy.stop();
    },
    SLOW_MACHINE_MS,
  );

  test(
    'the broker sees no name, neither of few nor of many',
    async () => {
      const connection = await amqp.connect(broker.url);
      const spy = await connection.createChannel();
      const { queue } = await spy.assertQueue('', { exclusive: true });
      const seen: Buffer[] = [];
      await spy.assertExchange(new QueueNames(root.publicKey).presenceExchange, 'fanout', { durable: true });
      await spy.bindQueue(queue, new QueueNames(root.publicKey).presenceExchange, '');
      await spy.consume(queue, (message) => void (message && seen.push(message.content)), { noAck: true });
      const [a, b] = [host(), host()];
      a.discovery.advertise('secret-few');
      await until(() => b.discovery.names().length === 1, 20_000);
      for (let i = 0; i < NAMES; i += 1) a.discovery.advertise(`secret-${i}`);
      await until(() => b.discovery.names().length === NAMES + 1, 20_000);
      // Of what is said to all, both have been heard.
      for (const { discovery } of [a, b])
        expect(seen.some((body) => body.includes(discovery.host))).toBe(true);
      expect(seen.filter((body) => body.includes('secret-'))).toEqual([]);
      await connection.close();
    },
    SLOW_MACHINE_MS,
  );
});
