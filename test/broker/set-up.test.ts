/**
 * While a bridge is being set up: the connection is cut, at whatever byte, and it connects again and never waits for ever;
 * what it is asked for, at whatever instant, is there when it is connected.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { durableTerms, mailboxTerms } from '../../packages/mq-bridge/src/engine/queue-terms.js';
import { nodeClock, nodeRandom } from '../../packages/mq-bridge/src/node/ambient.js';
import { AmqpTransport } from '../../packages/mq-bridge/src/transport/amqp-transport.js';
import { Broker, describeWithBroker, urlOf } from './broker.js';
import { CuttingProxy } from './proxy.js';

const SLOW_MACHINE_MS = 120_000;
const CONNECTED_MS = 20_000;
/** Of a transport: for what it publishes, and for what it takes. */
const CONNECTIONS = 2;
/** Bytes of what goes through until a transport is connected, which is about 4,000. */
const INSTANTS = Array.from({ length: 24 }, (_, i) => 1000 + i * 150);

const nothing = (): void => undefined;

describeWithBroker('a connection that is set up', (rabbitmq) => {
  let broker: Broker;

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  }, SLOW_MACHINE_MS);

  afterAll(() => broker.stop());

  function transportTo(
    url: string,
    id: string,
    asked: (transport: AmqpTransport) => void,
  ): {
    readonly transport: AmqpTransport;
    readonly connected: Promise<void>;
    readonly lost: Promise<void>;
  } {
    let isLost = nothing;
    const lost = new Promise<void>((resolve) => (isLost = resolve));
    let isConnected = (): void => undefined;
    const connected = new Promise<void>((resolve, reject) => {
      isConnected = resolve;
      setTimeout(() => reject(new Error(`${id} did not connect`)), CONNECTED_MS).unref();
    });
    const transport = new AmqpTransport({
      access: { urls: () => [url], tls: () => ({}), login: undefined },
      presence: { exchange: 'presence', queue: `presence-${id}`, expiresMs: 10_000, bindAgainMs: 10_000 },
      clock: nodeClock,
      random: nodeRandom,
      events: {
        connected: isConnected,
        disconnected: () => isLost(),
        blocked: nothing,
        mismatch: nothing,
        presence: nothing,
        unreachable: nothing,
      },
    });
    asked(transport);
    transport.start();
    return { transport, connected, lost };
  }

  const taking = (queue: string, arrived: () => void) => ({
    queue,
    terms: mailboxTerms(10_000),
    prefetch: 10,
    arrived,
  });

  async function connects(bytes: number): Promise<number> {
    const proxy = new CuttingProxy(() => broker.port);
    const url = urlOf(await proxy.start());
    proxy.cutAfter(bytes);
    const { transport, connected } = transportTo(url, `cut-after-${bytes}`, (asked) => {
      for (let i = 0; i < 3; i += 1) asked.declare(`durable-${i}`, durableTerms('one', false));
      void asked.consume(taking(`mailbox-${bytes}`, nothing));
    });
    try {
      await connected;
      return proxy.cuts;
    } finally {
      await transport.stop();
      proxy.stop();
    }
  }

  test(
    'is made again, wherever it was cut',
    async () => {
      const cuts = await Promise.all(INSTANTS.map(connects));
      expect(Math.max(...cuts)).toBe(1);
    },
    SLOW_MACHINE_MS,
  );

  /**
   * Asks for one that is taken from and one that is only made, and gives up a third, when so many bytes have come. False if
   * the connection was lost: a broker that takes a second to remove a queue is taken for gone.
   */
  async function asksAfter(bytes: number): Promise<boolean> {
    const proxy = new CuttingProxy(() => broker.port);
    const url = urlOf(await proxy.start());
    const [taken, declared, given] = ['taken', 'declared', 'given'].map(
      (what) => `${what}-after-${bytes}`,
    ) as [string, string, string];
    const { transport, connected, lost } = transportTo(url, `asks-after-${bytes}`, (asked) => {
      for (let i = 0; i < 3; i += 1) asked.declare(`durable-${i}`, durableTerms('one', false));
    });
    let arrived = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    let done: Promise<unknown> | undefined;
    const ask = (): void => {
      // Connected by fewer bytes than that.
      if (done !== undefined) return;
      transport.declare(declared, durableTerms('one', false));
      const both = [taken, given].map((queue) => transport.consume(taking(queue, arrived)));
      const turn = new Promise(setImmediate);
      done = Promise.all([...both, turn.then(() => transport.release(given, nothing))]);
    };
    const isThere = (queue: string): Promise<boolean> =>
      new Promise((resolve) =>
        transport.publish(queue, Buffer.from(queue), false, {
          confirmed: () => resolve(true),
          rejected: () => resolve(false),
        }),
      );
    const found = async (): Promise<readonly boolean[]> => {
      await connected;
      ask();
      await done;
      const there = [await isThere(taken), await isThere(given)];
      if (there[0] === true) await arrival;
      // Whoever asks for it does not hear when it is made; one that nobody has asked for is never made.
      while (!(await isThere(declared)));
      return there;
    };
    proxy.onceAfter(bytes, ask);
    try {
      const there = await Promise.race([found(), lost]);
      if (proxy.connections > CONNECTIONS) return false;
      expect(there).toEqual([true, false]);
      return true;
    } finally {
      await transport.stop();
      proxy.stop();
    }
  }

  test(
    'has every queue that was asked for meanwhile, and none that was given up meanwhile',
    async () => {
      for (const bytes of INSTANTS) while (!(await asksAfter(bytes)));
    },
    SLOW_MACHINE_MS,
  );
});
