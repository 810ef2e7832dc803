/** What holds over loopback, threads and cells holds between two hosts and a broker, but for what is listed (exceptions.ts). */
import { afterAll, beforeAll, jest } from '@jest/globals';
import { grid } from '../../packages/core/test/conformance/grid.js';
import { amqpHarness } from './amqp-harness.js';
import { Broker, describeWithBroker } from './broker.js';
import { EXCEPTIONS } from './exceptions.js';

jest.setTimeout(120_000);

describeWithBroker('AMQP', (rabbitmq) => {
  let broker: Broker;

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  });

  afterAll(() => broker.stop());

  grid(amqpHarness(() => broker.url, EXCEPTIONS));
});
