/** What `again` says of a durable message, and what it does not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { Members, openJoinTicket } from '@espalier/core/identity';
import { Signatures } from '../../packages/mq-bridge/src/trust/signed.js';
import { encodeFrame, encodeItem } from '../../packages/mq-bridge/src/wire/frames.js';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const SLOW_MACHINE_MS = 120_000;

interface Handling {
  readonly value: string;
  readonly id: string;
  readonly again: boolean;
  readonly life: number;
}

describeWithBroker('`again`', (rabbitmq) => {
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

  async function host(name: string, more: Partial<BridgeSettings>): Promise<Program> {
    const journal = { id: 'journal', module: './modules/journal.ts', args: { file: file() } };
    const settings = { url: broker.url, ...cluster.host(name), heartbeatMs: 500, downAfterMs: 4000, ...more };
    const program = new Program(name, [journal], settings);
    programs.push(program);
    return await program.ready();
  }

  const holder = (name: string): Promise<Program> =>
    host(name, { exports: { jobs: { durable: true, to: 'journal' } } });

  const file = (): string => join(cluster.folder, 'journal');

  const handlings = (): Handling[] =>
    readFileSync(file(), { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Handling);

  const of = (value: string): Handling[] => handlings().filter((one) => one.value === value);

  async function handled(value: string, times: number): Promise<void> {
    while (of(value).length < times) await sleep(20);
  }

  test(
    'is true of what a holder had been given that is gone, with the same id: of what it had begun, and of what waited behind that',
    async () => {
      const from = await host('sender', { imports: { jobs: { durable: true } } });
      const one = await holder('one');
      await from.reach('jobs', 'confirmed', ['note', 'before']);
      await handled('before', 1);
      // A frame each.
      for (const [operation, value] of [
        ['stay', 'begun'],
        ['note', 'behind'],
      ])
        await from.call('jobs', 'confirmed', [operation, value], SLOW_MACHINE_MS);
      await handled('begun', 1);
      // Handed out with the one before it, or the holder would know of nothing behind that.
      while (!(await unacknowledged(2))) await sleep(20);
      await one.kill();
      await holder('two');
      await from.call('jobs', 'confirmed', ['note', 'new'], SLOW_MACHINE_MS);
      await handled('new', 1);
      const told = handlings().map(({ value, again }) => [value, again]);
      expect(told).toEqual([
        ['before', false],
        ['begun', false],
        ['begun', true],
        ['behind', true],
        ['new', false],
      ]);
      expect(new Set(of('begun').map(({ id }) => id)).size).toBe(1);
      expect(new Set(of('begun').map(({ life }) => life)).size).toBe(2);
    },
    SLOW_MACHINE_MS,
  );

  async function unacknowledged(count: number): Promise<boolean> {
    const queue = new QueueNames(cluster.root.publicKey).durable('jobs');
    const table = await broker.ctl(0, 'list_queues', 'name', 'messages_unacknowledged');
    return table.split('\n').some((line) => line.startsWith(queue) && line.endsWith(`\t${String(count)}`));
  }

  test(
    'is no proof where it is false: a copy that its sender gave once more comes to the next holder unmarked, by the same id; to the same holder it does not come',
    async () => {
      const one = await holder('one');
      const jobs = new QueueNames(cluster.root.publicKey).durable('jobs');
      const { ticket } = cluster.host('sender');
      const sender = new Signatures(
        openJoinTicket(readFileSync(ticket, 'utf8'), cluster.keyOf('sender')),
        new Members(cluster.root.publicKey),
      );
      const give = (seq: number, value: string): void => {
        const item = encodeItem({ kind: 'cast', operation: 'note', parameters: [value] }, 1000);
        const frame = encodeFrame(`${cluster.idOf('sender')}/0123456789abcdef/1`, seq, seq, [item]);
        channel.sendToQueue(jobs, sender.sign(jobs, frame), { persistent: true });
      };
      while (!(await unacknowledged(0))) await sleep(20);
      // Confirmed to nobody who still hears it: so whoever sent it gives it again, behind others or before them.
      give(1, 'twice');
      give(1, 'twice');
      give(2, 'other');
      await handled('other', 1);
      expect(of('twice')).toHaveLength(1);
      while (!(await unacknowledged(0))) await sleep(20);
      await one.kill();
      await holder('two');
      give(1, 'twice');
      await handled('twice', 2);
      const [first, second] = of('twice');
      expect([first?.again, second?.again]).toEqual([false, false]);
      expect(second?.id).toBe(first?.id);
      expect(second?.life).not.toBe(first?.life);
    },
    SLOW_MACHINE_MS,
  );
});
