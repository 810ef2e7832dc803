/**
 * A durable mailbox kept by a broker of three nodes, whose leader is killed now and then, and so is who handles. Every
 * handling is counted outside. `npm run soak -- bridge` runs this with a million messages.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { HandledInOrder } from './handled-in-order.js';
import { Program } from './program.js';

const NODES = 3;
const MESSAGES = Number(process.env['ESPALIER_SOAK_MESSAGES'] ?? 20_000);
/** One leader is killed for so many messages, and every other time who handles as well. */
const MESSAGES_PER_KILL = Math.min(MESSAGES / 2, 20_000);
const LEAST_KILLS = 2;
/** Frames that the broker hands out unacknowledged. */
const PREFETCH = 128;
/** A message takes less than that in the mean, on a slow machine and with all that is killed. */
const MOST_MS = 180_000 + 20 * MESSAGES;

describeWithBroker('a durable mailbox of a broker with three nodes', (rabbitmq) => {
  let broker: Broker;
  const cluster = new Cluster();
  const programs: Program[] = [];
  const file = join(cluster.folder, 'journal');

  beforeAll(async () => {
    broker = new Broker(rabbitmq, { nodes: NODES });
    await broker.start();
  }, 300_000);

  afterAll(async () => {
    for (const program of programs) await program.kill();
    await broker.stop();
    cluster.remove();
  }, 60_000);

  const terms = { heartbeatMs: 1000, downAfterMs: 10_000, replicated: true };

  async function holder(): Promise<Program> {
    const journal = { id: 'journal', module: './modules/journal.ts', args: { file } };
    const exports = { jobs: { durable: true, to: 'journal' } };
    const settings = { url: broker.urls, ...cluster.host('holder'), ...terms, exports };
    const program = new Program('holder', [journal], settings);
    programs.push(program);
    return await program.ready();
  }

  async function feeder(): Promise<Program> {
    const settings = { url: broker.urls, ...cluster.host('feeder'), ...terms };
    const imports = { jobs: { durable: true } };
    const program = new Program('feeder', [{ id: 'feeder', module: './modules/feeder.ts' }], {
      ...settings,
      imports,
    });
    programs.push(program);
    return await program.ready();
  }

  /** Which node leads the queue now. */
  async function leader(): Promise<number> {
    const queue = new QueueNames(cluster.root.publicKey).durable('jobs');
    const table = await broker.ctl(0, 'list_queues', 'name', 'leader');
    const line = table.split('\n').find((text) => text.startsWith(queue)) ?? '';
    const at = broker.ports.findIndex((port) => line.includes(`espalier${String(port)}@`));
    if (at === -1) throw new Error(`no leader in ${table}`);
    return at;
  }

  test(
    `loses none of ${String(MESSAGES)} messages and keeps their order when leaders and holders are killed`,
    async () => {
      let to = await holder();
      const from = await feeder();
      await from.reach('jobs', 'confirmed', ['note', 0]);
      const handled = new HandledInOrder(file);
      const reach = async (count: number): Promise<void> => {
        for (handled.read(); handled.firsts < count; handled.read()) await sleep(50);
      };
      const startedAt = performance.now();
      const feeding = from.call('feeder', 'feed', ['jobs', 1, MESSAGES - 1], MOST_MS);
      let crashes = 0;
      let kills = 0;
      let longestGapMs = 0;
      for (let due = MESSAGES_PER_KILL / 2; due < MESSAGES; due += MESSAGES_PER_KILL) {
        // To kill who has nothing to do any more takes long, and shows nothing.
        if (kills >= LEAST_KILLS && handled.firsts === MESSAGES) break;
        await reach(due);
        const node = await leader();
        const [killedAt, before] = [performance.now(), handled.firsts];
        await broker.kill(node);
        kills++;
        // It goes on with the two that are left.
        await reach(Math.min(before + 1000, MESSAGES));
        longestGapMs = Math.max(longestGapMs, performance.now() - killedAt);
        if (kills % 2 === 0) {
          handled.read();
          handled.crashed();
          await to.kill();
          crashes++;
          to = await holder();
          await reach(Math.min(handled.firsts + 1000, MESSAGES));
        }
        await broker.start(node);
        const tookS = (performance.now() - startedAt) / 1000;
        process.stderr.write(
          `soak: ${String(handled.firsts)} handled in ${tookS.toFixed(0)} s, ${String(kills)} leaders killed\n`,
        );
      }
      await feeding;
      await reach(MESSAGES);
      const seconds = (performance.now() - startedAt) / 1000;
      process.stderr.write(
        `soak: ${String(MESSAGES)} messages in ${seconds.toFixed(0)} s, ${String(kills)} leaders and ` +
          `${String(crashes)} holders killed, ${(longestGapMs / 1000).toFixed(1)} s at most until 1000 more were ` +
          `handled; ${String(handled.again)} handled again, in ${String(handled.mostFramesAgain)} frames at most\n`,
      );
      expect(handled.violations).toEqual([]);
      expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);
      if (crashes === 0) expect(handled.again).toBe(0);
      expect(handled.mostFramesAgain).toBeLessThanOrEqual(PREFETCH);
    },
    MOST_MS,
  );
});
