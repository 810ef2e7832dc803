/** The connection is cut while a bridge is being set up, at whatever byte: it connects again, and never waits for ever. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { durableTerms, mailboxTerms } from '../../packages/mq-bridge/src/engine/queue-terms.js';
import { nodeClock, nodeRandom } from '../../packages/mq-bridge/src/node/ambient.js';
import { AmqpTransport } from '../../packages/mq-bridge/src/transport/amqp-transport.js';
import { Broker, describeWithBroker, urlOf } from './broker.js';
import { CuttingProxy } from './proxy.js';

const SLOW_MACHINE_MS = 120_000;
const CONNECTED_MS = 20_000;
/** Of what goes through until a transport is connected, which is about 4,000 bytes. */
const CUTS = Array.from({ length: 24 }, (_, i) => 1000 + i * 150);

describeWithBroker('a connection that is cut while it is set up', (rabbitmq) => {
  let broker: Broker;

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  }, SLOW_MACHINE_MS);

  afterAll(() => broker.stop());

  async function connects(bytes: number): Promise<number> {
    const proxy = new CuttingProxy(() => broker.port);
    const url = urlOf(await proxy.start());
    proxy.cutAfter(bytes);
    const nothing = (): void => undefined;
    let transport: AmqpTransport | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        setTimeout(
          () => reject(new Error(`cut after ${bytes} bytes it did not connect`)),
          CONNECTED_MS,
        ).unref();
        transport = new AmqpTransport({
          access: { urls: () => [url], tls: () => ({}), login: undefined },
          presence: {
            exchange: 'presence',
            queue: `presence-${bytes}`,
            expiresMs: 10_000,
            bindAgainMs: 10_000,
          },
          clock: nodeClock,
          random: nodeRandom,
          events: {
            connected: resolve,
            disconnected: nothing,
            blocked: nothing,
            mismatch: nothing,
            presence: nothing,
            unreachable: nothing,
          },
        });
        for (let i = 0; i < 3; i += 1) transport.declare(`durable-${i}`, durableTerms('one', false));
        void transport.consume({
          queue: `mailbox-${bytes}`,
          terms: mailboxTerms(10_000),
          prefetch: 10,
          arrived: nothing,
        });
        transport.start();
      });
      return proxy.cuts;
    } finally {
      await transport?.stop();
      proxy.stop();
    }
  }

  test(
    'is made again, wherever it was cut',
    async () => {
      const cuts = await Promise.all(CUTS.map(connects));
      expect(Math.max(...cuts)).toBe(1);
    },
    SLOW_MACHINE_MS,
  );
});
