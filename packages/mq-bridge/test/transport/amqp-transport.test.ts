import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { AmqpTransport } from '../../src/transport/amqp-transport.js';

describe('where the transport connects to', () => {
  const clock = new ManualClock();
  let servers: readonly Server[];
  let urls: readonly string[];
  let tried: (by: number) => void;
  let transport: AmqpTransport | undefined;
  let told: readonly string[];
  let asked: number;

  /** Servers that take a connection, and end it at once. */
  beforeEach(async () => {
    servers = [0, 1].map((number) =>
      createServer((socket) => {
        tried(number);
        socket.destroy();
      }),
    );
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    [told, asked] = [[], 0];
  });

  afterEach(async () => {
    await transport?.stop();
    for (const server of servers) server.close();
  });

  const addressOf = (number: number): string =>
    `amqp://127.0.0.1:${String((servers[number]?.address() as AddressInfo).port)}`;

  function start(known: readonly string[]): void {
    urls = known;
    const nothing = (): void => undefined;
    transport = new AmqpTransport({
      access: { urls: () => (asked++, urls), tls: () => ({}), login: undefined },
      presence: { exchange: 'x', queue: 'q', expiresMs: 10_000, bindAgainMs: 10_000 },
      clock,
      random: { next: () => 0.5 },
      events: {
        connected: nothing,
        disconnected: nothing,
        blocked: nothing,
        mismatch: nothing,
        presence: nothing,
        unreachable: (why) => (told = [...told, why]),
      },
    });
    transport.start();
  }

  /** The server that is tried next, as the clock moves on. */
  async function nextTried(): Promise<number> {
    const arrived = new Promise<number>((resolve) => (tried = resolve));
    let isThere = false;
    void arrived.then(() => (isThere = true));
    while (!isThere) {
      clock.fireNext();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return arrived;
  }

  test('is asked again while nobody has said it, which is no fault, and tried as soon as somebody has', async () => {
    start([]);
    clock.fireNext();
    clock.fireNext();
    expect(asked).toBe(3);
    expect(told).toEqual([]);
    urls = [addressOf(1)];
    expect(await nextTried()).toBe(1);
  });

  test('is one address after the other, of those that are known by then', async () => {
    const first = new Promise<number>((resolve) => (tried = resolve));
    start([addressOf(0), addressOf(1)]);
    expect([await first, await nextTried(), await nextTried()]).toEqual([0, 1, 0]);
    urls = [addressOf(1)];
    expect([await nextTried(), await nextTried()]).toEqual([1, 1]);
  });
});
