/** What cannot be handled: frames that nobody can read, and messages that end whoever handles them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { createKeyPair, issueJoinTicket, Members, openJoinTicket } from '@espalier/core/identity';
import { Signatures } from '../../packages/mq-bridge/src/trust/signed.js';
import { encodeFrame, encodeItem } from '../../packages/mq-bridge/src/wire/frames.js';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const SLOW_MACHINE_MS = 180_000;
const ATTEMPTS = 2;

interface Handling {
  readonly value: string;
  readonly again: boolean;
  readonly life: number;
}

describeWithBroker('what cannot be handled', (rabbitmq) => {
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
    const ledger = { id: 'ledger', module: './modules/ledger.ts' };
    const settings = { url: broker.url, ...cluster.host(name), heartbeatMs: 500, downAfterMs: 4000, ...more };
    const program = new Program(name, [journal, ledger], settings);
    programs.push(program);
    return await program.ready();
  }

  const file = (): string => join(cluster.folder, 'journal');

  function handlings(): Handling[] {
    const text = readFileSync(file(), { encoding: 'utf8', flag: 'a+' });
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Handling);
  }

  const times = (value: string): number => handlings().filter((one) => one.value === value).length;

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await sleep(20);
  }

  async function deadLetters(): Promise<Buffer[]> {
    const bodies: Buffer[] = [];
    for (;;) {
      const message = await channel.get(new QueueNames(cluster.root.publicKey).deadLetters('jobs'));
      if (message === false) return bodies;
      channel.ack(message);
      bodies.push(message.content);
    }
  }

  test(
    'is counted and put aside as it came where it is durable, counted and dropped where it is not; the next one is handled',
    async () => {
      const names = new QueueNames(cluster.root.publicKey);
      const jobs = names.durable('jobs');
      const exports = { jobs: { durable: true, to: 'journal' }, ledger: {} } as const;
      const alpha = await host('alpha', { exports, messageBytes: 1000 });
      const beta = await host('beta', { imports: { jobs: { durable: true }, ledger: { as: 'book' } } });
      await beta.reach('jobs', 'confirmed', ['note', 'first']);
      await beta.reach('book', 'told');

      const member = new Signatures(
        openJoinTicket(readFileSync(cluster.host('beta').ticket, 'utf8'), cluster.keyOf('beta')),
        new Members(cluster.root.publicKey),
      );
      const stranger = createKeyPair();
      const otherRoot = createKeyPair();
      const foreign = new Signatures(
        openJoinTicket(issueJoinTicket(otherRoot, { publicKey: stranger.publicKey }), stranger),
        new Members(otherRoot.publicKey),
      );
      const stream = `${cluster.idOf('beta')}/0123456789abcdef/1`;
      const job = encodeItem({ kind: 'cast', operation: 'note', parameters: ['bad'] }, 1000);
      const frame = encodeFrame(stream, 1, 1, [job]);
      const damaged = member.sign(jobs, frame);
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      const bodies = [
        member.sign(jobs, Buffer.from('noise')),
        member.sign(jobs, frame.subarray(0, frame.length - 1)),
        damaged,
        foreign.sign(jobs, frame),
        frame,
        Buffer.from('noise'),
        Buffer.alloc(30_000),
      ];
      for (const body of bodies) channel.sendToQueue(jobs, body);
      const incarnation = /"incarnation":"(\w+)"/.exec(alpha.output)?.[1] ?? '';
      const mailbox = names.mailbox(incarnation, 'ledger', 1);
      for (const body of [Buffer.from('noise'), Buffer.alloc(30_000)]) channel.sendToQueue(mailbox, body);

      await beta.call('jobs', 'confirmed', ['note', 'last'], SLOW_MACHINE_MS);
      await until(() => times('last') === 1);
      expect(handlings().map(({ value }) => value)).toEqual(['first', 'last']);
      const aside: Buffer[] = [];
      await until(async () => aside.push(...(await deadLetters())) >= bodies.length);
      expect(aside).toEqual(bodies);
      expect(await beta.call('book', 'told')).toEqual([]);
      const dropped = (): Record<string, number> => {
        const sums: Record<string, number> = {};
        for (const [, text = ''] of alpha.output.matchAll(/bridge: dropped (.*)/g))
          for (const [why, count] of Object.entries(JSON.parse(text) as Record<string, number>))
            sums[why] = (sums[why] ?? 0) + count;
        return sums;
      };
      await until(() => Object.values(dropped()).reduce((sum, count) => sum + count, 0) >= 9);
      expect(dropped()).toEqual({ malformed: 3, forged: 1, foreign: 1, unsigned: 2, oversized: 2 });
    },
    SLOW_MACHINE_MS,
  );

  test.each([
    ['one', 1, ATTEMPTS + 1],
    ['one', 20, ATTEMPTS + 2],
    ['many', 20, ATTEMPTS + 2],
  ] as const)(
    'is put aside when it has ended so many hosts, one after the other (holders: %s, %i in its frame)',
    async (holders, inFrame, most) => {
      const exports = { jobs: { durable: true, holders, to: 'journal', attempts: ATTEMPTS } };
      const imports = { jobs: { durable: true, holders } };
      const from = await host('sender', { imports });
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      const confirm = (operation: string, value: string): Promise<unknown> =>
        from.call('jobs', 'confirmed', [operation, value], SLOW_MACHINE_MS);
      const around = Array.from({ length: inFrame - 1 }, (_, n) => `m${String(n)}`);
      const half = around.length / 2;
      await Promise.all([
        ...around.slice(0, half).map((value) => confirm('note', value)),
        confirm('end', 'bad'),
        ...around.slice(half).map((value) => confirm('note', value)),
      ]);
      await confirm('note', 'last');
      // Two hosts: while one handles the other stands by, or takes its part.
      const hosts = [await host('one', { exports }), await host('two', { exports })];
      let isOver = false;
      const poisoned = (): boolean => hosts.some(({ output }) => output.includes('bridge: poison'));
      for (let ended = 0; !isOver;) {
        await until(() => (isOver = poisoned()) || times('bad') > ended);
        if (isOver) break;
        ended = times('bad');
        const life = handlings().findLast(({ value }) => value === 'bad')?.life;
        const guilty = hosts.find(({ pid }) => pid === life);
        await guilty?.kill();
        hosts.push(await host(guilty?.name ?? '', { exports }));
      }
      await until(() => times('last') > 0);
      expect(times('bad')).toBe(most);
      for (const value of around) expect(times(value)).toBeGreaterThan(0);
      expect(hosts.map(({ output }) => output).join('')).toMatch(/bridge: poison .*"name":"jobs"/);
      expect(await deadLetters()).toHaveLength(1);
    },
    SLOW_MACHINE_MS,
  );
});
