/** Somebody removes queues and exchanges under running hosts, or has made them with other terms. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const SLOW_MACHINE_MS = 120_000;

describeWithBroker('what somebody removes from the broker', (rabbitmq) => {
  let broker: Broker;
  let connection: ChannelModel;
  let channel: Channel;
  const programs: Program[] = [];
  let cluster = new Cluster();

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
    connection = await amqp.connect(broker.url);
    channel = await connection.createChannel();
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    await connection.close();
    await broker.stop();
    cluster.remove();
  });

  afterEach(async () => {
    for (const program of programs.splice(0)) await program.kill();
    cluster.remove();
    cluster = new Cluster();
  });

  const file = (): string => join(cluster.folder, 'journal');
  const names = (): QueueNames => new QueueNames(cluster.root.publicKey);

  async function host(name: string, more: Partial<BridgeSettings>): Promise<Program> {
    const journal = { id: 'journal', module: './modules/journal.ts', args: { file: file() } };
    const ledger = { id: 'ledger', module: './modules/ledger.ts' };
    const settings = { url: broker.url, ...cluster.host(name), heartbeatMs: 500, downAfterMs: 4000, ...more };
    const program = new Program(name, [journal, ledger], settings);
    programs.push(program);
    return await program.ready();
  }

  const EXPORTS = { jobs: { durable: true, to: 'journal' }, ledger: {} } as const;
  const IMPORTS = { jobs: { durable: true }, ledger: { as: 'book' } } as const;

  async function handled(value: string): Promise<void> {
    while (!readFileSync(file(), { encoding: 'utf8', flag: 'a+' }).includes(`"value":"${value}"`))
      await sleep(20);
  }

  const confirm = (from: Program, value: string): Promise<unknown> =>
    from.call('jobs', 'confirmed', ['note', value], SLOW_MACHINE_MS);

  test(
    'is there again: queues under their consumers, durable and not, and who was up is not taken for down',
    async () => {
      const alpha = await host('alpha', { exports: EXPORTS });
      const beta = await host('beta', { imports: IMPORTS });
      await beta.reach('jobs', 'confirmed', ['note', 'first']);
      await beta.reach('book', 'echo', [0]);
      const incarnation = /"incarnation":"(\w+)"/.exec(alpha.output)?.[1] ?? '';
      const queues = [
        names().durable('jobs'),
        names().mailbox(incarnation, 'ledger', 1),
        names().inbox(incarnation),
        names().presence(incarnation),
      ];
      for (const queue of queues) {
        await channel.deleteQueue(queue);
        await confirm(beta, queue);
        await handled(queue);
        expect(await beta.reach('book', 'echo', [queue])).toBe(queue);
      }
      expect(alpha.output + beta.output).not.toMatch(/host-down|renewed/);
      expect(alpha.output).toMatch(/bridge: disconnected/);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is there again: the exchange by which hosts hear of each other, with all that was bound to it',
    async () => {
      const alpha = await host('alpha', { exports: EXPORTS });
      const beta = await host('beta', { imports: IMPORTS });
      await beta.reach('book', 'echo', [0]);
      await channel.deleteExchange(names().presenceExchange);
      // Whoever says something first makes it again; the others are bound to nothing until they look.
      const gamma = await host('gamma', { imports: IMPORTS });
      expect(await gamma.reach('book', 'echo', [1])).toBe(1);
      // As long as it takes to be taken for down, and longer.
      const { queue: listening } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(listening, names().presenceExchange, '');
      let said = 0;
      await channel.consume(listening, () => said++, { noAck: true });
      while (said < 24) await sleep(50);
      for (const one of [beta, gamma]) expect(await one.call('book', 'echo', [2])).toBe(2);
      for (const { output } of [alpha, beta, gamma]) expect(output).not.toMatch(/host-down|renewed/);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is made again by a host that only sends, while nobody takes from it',
    async () => {
      const beta = await host('beta', { imports: IMPORTS });
      await beta.reach('jobs', 'confirmed', ['note', 'lost']);
      await channel.deleteQueue(names().durable('jobs'));
      await confirm(beta, 'kept');
      await host('alpha', { exports: EXPORTS });
      await handled('kept');
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is taken from as soon as a queue with other terms is removed; until then it is said once',
    async () => {
      const jobs = names().durable('jobs');
      await channel.assertQueue(jobs, { durable: false });
      const alpha = await host('alpha', { exports: EXPORTS });
      const beta = await host('beta', { imports: IMPORTS });
      await Promise.all([alpha, beta].map((one) => one.printed(/bridge: queue-refused/)));
      await beta.reach('book', 'echo', [0]);
      await channel.deleteQueue(jobs);
      await confirm(beta, 'after');
      await handled('after');
      for (const { output } of [alpha, beta])
        expect(output.match(/queue-refused [^\n]*/g)).toEqual([`queue-refused {"queue":"${jobs}"}`]);
    },
    SLOW_MACHINE_MS,
  );
});
