/** A durable mailbox under faults: broker, sender and holder are killed, connections are cut; handlings are counted outside. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';
import { CuttingProxy } from './proxy.js';

const SLOW_MACHINE_MS = 180_000;
const FRAME = 128;

interface Handling {
  readonly value: string;
  readonly id: string;
  readonly again: boolean;
}

describeWithBroker('a durable mailbox with one holder', (rabbitmq) => {
  let broker: Broker;
  let programs: Program[] = [];
  let cluster = new Cluster();

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    await broker.stop();
    cluster.remove();
  });

  afterEach(async () => {
    for (const program of programs.splice(0)) await program.kill();
    cluster.remove();
    cluster = new Cluster();
  });

  const file = (): string => join(cluster.folder, 'journal');

  function settings(host: string, more: Partial<BridgeSettings>): BridgeSettings {
    return { url: broker.url, ...cluster.host(host), heartbeatMs: 500, downAfterMs: 3000, ...more };
  }

  async function holder(host = 'holder', more: Partial<BridgeSettings> = {}): Promise<Program> {
    const journal = { id: 'journal', module: './modules/journal.ts', args: { file: file() } };
    const exports = { jobs: { durable: true, to: 'journal', attempts: 2 } };
    const program = new Program(host, [journal], settings(host, { exports, ...more }));
    programs.push(program);
    return await program.ready();
  }

  async function sender(host = 'sender', more: Partial<BridgeSettings> = {}): Promise<Program> {
    const program = new Program(host, [], settings(host, { imports: { jobs: { durable: true } }, ...more }));
    programs.push(program);
    return await program.ready();
  }

  function handlings(): Handling[] {
    let text = '';
    try {
      text = readFileSync(file(), 'utf8');
    } catch {
      // Nothing was handled yet.
    }
    // The last line may be half written by somebody who was killed.
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Handling);
  }

  async function handled(values: readonly string[]): Promise<Handling[]> {
    for (;;) {
      const all = handlings();
      const seen = new Set(all.map(({ value }) => value));
      if (values.every((value) => seen.has(value))) return all;
      await sleep(50);
    }
  }

  const firsts = (all: readonly Handling[]): string[] => [...new Set(all.map(({ value }) => value))];
  const names = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, n) => `${prefix}${String(n)}`);

  /** Sends until the broker has each, whatever becomes of programs and connections. */
  function confirm(program: Program, values: readonly string[]): Promise<unknown> {
    return Promise.all(
      values.map((value) => program.call('jobs', 'confirmed', ['note', value], SLOW_MACHINE_MS)),
    );
  }

  test(
    'handles what was sent while no holder was there, in order, once',
    async () => {
      const from = await sender();
      const values = names('m', 500);
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      await confirm(from, values);
      expect(handlings()).toEqual([]);
      await holder();
      const all = await handled(values);
      expect(all.map(({ value }) => value)).toEqual(['first', ...values]);
      expect(new Set(all.map(({ id }) => id)).size).toBe(501);
      await expect(from.call('jobs', 'note', ['x'])).rejects.toMatchObject({ code: 'no_such_operation' });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'loses nothing and keeps the order when holder and broker are killed and connections are cut',
    async () => {
      const proxy = new CuttingProxy(() => broker.port);
      const url = `amqp://guest:guest@127.0.0.1:${String(await proxy.start())}`;
      const from = await sender('sender', { url });
      let to = await holder('holder', { url });
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      const values = names('m', 1500);
      let crashes = 0;
      for (let at = 0; at < values.length; at += 300) {
        const sending = confirm(from, values.slice(at, at + 300));
        switch (at / 300) {
          case 0:
            proxy.cutAfter(1 + ((at * 7919) % 20_000));
            break;
          case 1:
            await to.kill();
            crashes++;
            to = await holder('holder', { url });
            break;
          case 2:
            await broker.kill();
            await broker.start();
            break;
          case 3:
            proxy.cutAfter(1 + ((at * 104_729) % 5000));
            break;
          default:
        }
        await sending;
      }
      const all = await handled(values);
      proxy.stop();
      expect(proxy.cuts).toBeGreaterThan(1);
      expect(firsts(all)).toEqual(['first', ...values]);
      // Handled again: only after a crash of the holder, and no more than lay in one frame.
      expect(all.length - firsts(all).length).toBeLessThanOrEqual(crashes * FRAME);
      const seen = new Set<string>();
      for (const { id, again } of all) {
        if (seen.has(id)) expect(again).toBe(true);
        seen.add(id);
      }
    },
    SLOW_MACHINE_MS,
  );

  test(
    'has what the broker had confirmed when its sender was killed',
    async () => {
      const from = await sender();
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      const confirmed: string[] = [];
      const sending = names('m', 1000).map((value) =>
        confirm(from, [value]).then(
          () => confirmed.push(value),
          () => undefined,
        ),
      );
      await sending[100];
      await from.kill();
      await Promise.all(sending);
      await holder();
      const all = await handled(['first', ...confirmed]);
      expect(confirmed.length).toBeGreaterThan(100);
      // What was not confirmed may have come, too: it is behind, and in order.
      expect(firsts(all)).toEqual(['first', ...names('m', all.length - 1)]);
      const next = await sender();
      await next.reach('jobs', 'confirmed', ['note', 'next']);
      await handled(['next']);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'puts a message aside that cannot be handled, and goes on with the next',
    async () => {
      const from = await sender();
      const to = await holder();
      await from.reach('jobs', 'confirmed', ['spoil', 'bad']);
      await from.call('jobs', 'confirmed', ['note', 'good'], SLOW_MACHINE_MS);
      expect(firsts(await handled(['good']))).toEqual(['good']);
      await to.printed(/bridge: poison .*"name":"jobs"/);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'has one holder at a time, and the next one when that has gone',
    async () => {
      const from = await sender();
      const first = await holder('one');
      await first.printed(/bridge: connected/);
      await from.reach('jobs', 'confirmed', ['note', 'm0']);
      await handled(['m0']);
      const second = await holder('two');
      await second.printed(/bridge: held-elsewhere/);
      await first.stop();
      programs = programs.filter((program) => program !== first);
      await from.call('jobs', 'confirmed', ['note', 'm1'], SLOW_MACHINE_MS);
      const all = await handled(['m1']);
      expect(all.map(({ value }) => value)).toEqual(['m0', 'm1']);
    },
    SLOW_MACHINE_MS,
  );
});
