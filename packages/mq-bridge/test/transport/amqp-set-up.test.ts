/** What is handed out while a connection is still being set up. */
import { EventEmitter } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';

type Handed = { readonly content: Buffer; readonly fields: { deliveryTag: number; redelivered: boolean } };

/** A broker that hands out a message as soon as a queue is taken from; its answer to another comes when it is let. */
class Broker {
  answer: () => void = () => undefined;
  readonly connections: EventEmitter[] = [];

  connection(): EventEmitter {
    const connection = Object.assign(new EventEmitter(), {
      createChannel: async () => this.#channel(),
      createConfirmChannel: async () => this.#channel(),
    });
    this.connections.push(connection);
    return connection;
  }

  #channel(): EventEmitter {
    const done = async (): Promise<void> => undefined;
    return Object.assign(new EventEmitter(), {
      assertExchange: done,
      assertQueue: (queue: string) =>
        queue === 'slow' ? new Promise<void>((resolve) => (this.answer = resolve)) : done(),
      bindQueue: done,
      prefetch: done,
      ack: () => undefined,
      consume: async (queue: string, take: (message: Handed) => void) => {
        if (queue === 'quick')
          take({ content: Buffer.from('x'), fields: { deliveryTag: 1, redelivered: false } });
      },
    });
  }
}

let broker = new Broker();
jest.unstable_mockModule('../../src/transport/connect.js', () => ({
  openConnection: async () => broker.connection(),
  closeConnection: async () => undefined,
  hindranceOf: () => undefined,
  reasonOf: String,
}));
const { AmqpTransport } = await import('../../src/transport/amqp-transport.js');

test('what comes before every consumer is in place waits for that, and goes nowhere if the connection is lost first', async () => {
  broker = new Broker();
  const told: string[] = [];
  const clock = new ManualClock();
  const nothing = (): void => undefined;
  const transport = new AmqpTransport({
    access: { urls: () => ['amqp://broker'], tls: () => ({}), login: undefined },
    presence: { exchange: 'x', queue: 'q', expiresMs: 10_000, bindAgainMs: 1e9 },
    clock,
    random: { next: () => 0.5 },
    events: {
      connected: () => void told.push('connected'),
      disconnected: () => void told.push('disconnected'),
      blocked: nothing,
      mismatch: nothing,
      presence: nothing,
      unreachable: nothing,
    },
  });
  const turns = () => new Promise((resolve) => setImmediate(resolve));
  for (const queue of ['quick', 'slow']) {
    const terms = { durable: true, expiresMs: undefined, messageTtlMs: undefined, maxLength: undefined };
    await transport.consume({ queue, terms, prefetch: 1, arrived: () => void told.push('arrived') });
  }
  transport.start();
  await turns();
  broker.connections[1]?.emit('close');
  broker.answer();
  await turns();
  expect(told).toEqual([]);
  clock.fireNext();
  await turns();
  expect(broker.connections).toHaveLength(4);
  broker.answer();
  await turns();
  expect(told).toEqual(['connected', 'arrived']);
});
