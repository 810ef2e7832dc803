/** Somebody who may use the broker, and has no key of the cluster; and a host that is thrown out. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import {
  Members,
  openJoinTicket,
  issueJoinTicket,
  createKeyPair,
  revokeHosts,
} from '@espalier/core/identity';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { encodeFrame, encodeItem, encodePresence } from '../../packages/mq-bridge/src/wire/frames.js';
import { Signatures } from '../../packages/mq-bridge/src/trust/signed.js';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const SLOW_MACHINE_MS = 120_000;

describeWithBroker('who may use the broker and has no key of the cluster', (rabbitmq) => {
  const cluster = new Cluster();
  const names = new QueueNames(cluster.root.publicKey);
  const revoked = join(cluster.folder, 'revoked');
  let broker: Broker;
  let alpha: Program;
  let beta: Program;
  let connection: ChannelModel;
  let attacker: Channel;

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
    writeFileSync(revoked, revokeHosts(cluster.root, []));
    const terms = { url: broker.url, heartbeatMs: 500, downAfterMs: 4000, revoked };
    alpha = new Program(
      'alpha',
      [
        { id: 'ledger', module: './modules/ledger.ts' },
        { id: 'journal', module: './modules/journal.ts', args: { file: join(cluster.folder, 'journal') } },
      ],
      {
        ...terms,
        ...cluster.host('alpha'),
        exports: { ledger: {}, jobs: { durable: true, to: 'journal' } },
      },
    );
    beta = new Program('beta', [], {
      ...terms,
      ...cluster.host('beta'),
      imports: { ledger: { as: 'book' } },
    });
    await Promise.all([alpha.ready(), beta.ready()]);
    await beta.reach('book', 'echo', [0]);
    connection = await amqp.connect(broker.url);
    attacker = await connection.createChannel();
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    await connection.close();
    for (const program of [alpha, beta]) await program.kill();
    await broker.stop();
    cluster.remove();
  });

  const incarnationOf = ({ output }: Program): string => /"incarnation":"(\w+)"/.exec(output)?.[1] ?? '';

  function droppedBy({ output }: Program): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const [, text = ''] of output.matchAll(/bridge: dropped (.*)/g)) {
      for (const [why, count] of Object.entries(JSON.parse(text) as Record<string, number>))
        sums[why] = (sums[why] ?? 0) + count;
    }
    return sums;
  }

  test(
    'speaks for nobody: what he says is dropped, and counted',
    async () => {
      const presences: Buffer[] = [];
      const { queue: listening } = await attacker.assertQueue('', { exclusive: true });
      await attacker.bindQueue(listening, names.presenceExchange, '');
      await attacker.consume(listening, (message) => {
        if (message !== null) presences.push(message.content);
      });
      while (presences.length < 6) await alpha.call('ledger', 'told');
      const stranger = createKeyPair();
      const root = createKeyPair();
      const membership = openJoinTicket(issueJoinTicket(root, { publicKey: stranger.publicKey }), stranger);
      const foreign = new Signatures(membership, new Members(root.publicKey));
      const bye = encodePresence({
        presence: { kind: 'bye', host: cluster.idOf('alpha'), incarnation: incarnationOf(alpha) },
        introduction: undefined,
      });
      const mailbox = names.mailbox(incarnationOf(alpha), 'ledger', 1);
      const stream = `${cluster.idOf('beta')}/${incarnationOf(beta)}/1`;
      const frame = encodeFrame(stream, 1000, 1000, [
        encodeItem({ kind: 'cast', operation: 'tell', parameters: ['forged'] }, 1000),
      ]);
      const job = encodeItem({ kind: 'cast', operation: 'note', parameters: ['forged'] }, 1000);
      const jobFrame = encodeFrame(`${membership.host}/0123456789abcdef/1`, 1, 1, [job]);
      const jobs = names.durable('jobs');
      // An unsigned goodbye of alpha; one signed by a stranger; presence that was said before; and noise.
      for (const body of [bye, foreign.sign(names.presenceExchange, bye), ...presences.slice(0, 6)])
        attacker.publish(names.presenceExchange, '', body);
      for (const body of [frame, Buffer.from('noise'), Buffer.alloc(0), ...presences.slice(0, 2)])
        attacker.sendToQueue(mailbox, body);
      for (const body of [jobFrame, foreign.sign(jobs, jobFrame)]) attacker.sendToQueue(jobs, body);
      attacker.sendToQueue(names.inbox(incarnationOf(beta)), frame);
      while (Object.keys(droppedBy(alpha)).length < 4 || droppedBy(beta)['replayed'] === undefined)
        await beta.call('book', 'echo', [1]);
      expect(droppedBy(alpha)).toMatchObject({
        unsigned: expect.any(Number),
        foreign: expect.any(Number),
        replayed: expect.any(Number),
        malformed: expect.any(Number),
      });
      expect(await beta.call('book', 'told')).toEqual([]);
      await expect(alpha.call('journal', 'count')).resolves.toBe(0);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is what a revoked host becomes, within a heartbeat of the list',
    async () => {
      const { down } = await beta.monitor('book');
      const next = join(cluster.folder, 'next');
      writeFileSync(next, revokeHosts(cluster.root, [cluster.idOf('alpha')], revokeHosts(cluster.root, [])));
      renameSync(next, revoked);
      expect(await down).toEqual({ tag: 'noconnection' });
      await beta.printed(/bridge: revoked \{"number":2,"hosts":1\}/);
      await expect(beta.call('book', 'echo', [1])).rejects.toMatchObject({ code: 'noproc' });
    },
    SLOW_MACHINE_MS,
  );
});
