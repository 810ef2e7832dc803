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
  readonly fence?: number;
  readonly life: number;
}

describeWithBroker('a durable mailbox with one holder', (rabbitmq) => {
  let broker: Broker;
  const programs: Program[] = [];
  let cluster = new Cluster();
  /** Ends what a test that has failed would go on with. */
  let thisTest = new AbortController();

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    await broker.stop();
    cluster.remove();
  });

  afterEach(async () => {
    thisTest.abort();
    thisTest = new AbortController();
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
    const { signal } = thisTest;
    for (;;) {
      const all = handlings();
      const seen = new Set(all.map(({ value }) => value));
      if (values.every((value) => seen.has(value))) return all;
      await sleep(50, undefined, { signal });
    }
  }

  const firsts = (all: readonly Handling[]): string[] => [...new Set(all.map(({ value }) => value))];
  const names = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, n) => `${prefix}${String(n)}`);

  /** Sends until the broker has each, whatever becomes of programs and connections. */
  function confirm(program: Program, values: readonly string[], operation = 'note'): Promise<unknown> {
    return Promise.all(
      values.map((value) => program.call('jobs', 'confirmed', [operation, value], SLOW_MACHINE_MS)),
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
    'gives to the next life of a server that ends by a message that message again, and none of those before it',
    async () => {
      const from = await sender();
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      const [before, after] = [names('m', 100), names('n', 100)];
      // In the broker before there is a holder, so in whole frames.
      await Promise.all([confirm(from, before), confirm(from, ['bad'], 'stumble'), confirm(from, after)]);
      await holder();
      const all = await handled(after);
      expect(all.map(({ value }) => value)).toEqual(['first', ...before, 'bad', 'bad', ...after]);
      expect(all.filter(({ again }) => again).map(({ value }) => value)).toEqual(['bad']);
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

  test.each([false, true])(
    'has one holder at a time, and the next one, with a greater number, when that has gone (kept by a broker cluster: %s)',
    async (replicated) => {
      const from = await sender('sender', { replicated });
      const first = await holder('one', { replicated });
      await from.reach('jobs', 'confirmed', ['note', 'm0']);
      await handled(['m0']);
      await holder('two', { replicated });
      await from.call('jobs', 'confirmed', ['note', 'm1'], SLOW_MACHINE_MS);
      await handled(['m1']);
      await first.kill();
      await from.call('jobs', 'confirmed', ['note', 'm2'], SLOW_MACHINE_MS);
      const all = await handled(['m2']);
      expect(firsts(all)).toEqual(['m0', 'm1', 'm2']);
      const [m0, m1, m2] = ['m0', 'm1', 'm2'].map((value) => all.find((one) => one.value === value));
      expect(m0?.life).toBe(m1?.life);
      expect(m0?.fence).toBe(m1?.fence);
      expect(m2?.fence).toBeGreaterThan(m1?.fence as number);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is handed on from a holder that stands still; when that wakes it begins nothing, and what it ends has the smaller number',
    async () => {
      const from = await sender();
      const first = await holder('one');
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      await handled(['first']);
      await holder('two');
      const values = names('m', 300);
      const sending = confirm(from, values, 'noteSlowly');
      await handled(['m3']);
      first.freeze();
      await sending;
      // The broker takes its connection for dead; the other one goes on.
      await handled(values);
      first.thaw();
      const after = names('n', 50);
      await confirm(from, after);
      const all = await handled(after);
      await first.printed(/bridge: disconnected/);
      const [lowest = 0, ...higher] = [...new Set(all.map(({ fence = 0 }) => fence))];
      expect(higher.length).toBeGreaterThan(0);
      for (const fence of higher) expect(fence).toBeGreaterThan(lowest);
      const handedOn = all.findIndex(({ fence }) => fence !== lowest);
      const late = all.slice(handedOn).filter(({ fence }) => fence === lowest);
      expect(late.length).toBeLessThanOrEqual(1);
      // What a store keeps that refuses smaller numbers: everything, once in its order.
      let seen = 0;
      const kept = all.filter(({ fence = 0 }) => (seen = Math.max(seen, fence)) === fence);
      expect(firsts(kept)).toEqual(['first', ...values, ...after]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'loses none of 10,000 messages and keeps their order, with broker, sender, holder and connections struck at random',
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      let state = seed;
      const random = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
        return Math.floor((state / 2 ** 31) * below);
      };
      const proxy = new CuttingProxy(() => broker.port);
      const url = `amqp://guest:guest@127.0.0.1:${String(await proxy.start())}`;
      let from = await sender('sender', { url });
      let to = await holder('holder', { url });
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      const values = names('m', 10_000);
      let strikes = 0;
      let isOver = false;
      const { signal } = thisTest;
      const strike = async (): Promise<void> => {
        for (let round = 0; !isOver; round++) {
          await sleep(500 + random(2500), undefined, { signal });
          if (isOver) return;
          switch ((seed + round) % 4) {
            case 0:
              await to.kill();
              to = await holder('holder', { url });
              strikes++;
              break;
            case 1:
              await broker.kill();
              await broker.start();
              strikes++;
              break;
            case 2:
              proxy.cutAfter(1 + random(20_000));
              break;
            default:
              await from.kill();
              from = await sender('sender', { url });
          }
        }
      };
      const striking = strike();
      striking.catch(() => undefined);
      const confirmed = new Set<string>();
      for (let at = 0; at < values.length; at += 500) {
        const part = values.slice(at, at + 500);
        while (part.some((value) => !confirmed.has(value))) {
          signal.throwIfAborted();
          const sender_ = from;
          await sender_.reach('jobs', 'confirmed', ['note', 'first']).catch(() => undefined);
          const left = part.filter((value) => !confirmed.has(value));
          await Promise.all(
            left.map((value) =>
              sender_.call('jobs', 'confirmed', ['note', value], SLOW_MACHINE_MS).then(
                () => confirmed.add(value),
                () => undefined,
              ),
            ),
          );
        }
      }
      isOver = true;
      await striking;
      const all = await handled(values);
      proxy.stop();
      const context = `seed ${String(seed)}`;
      expect([context, firsts(all)]).toEqual([context, ['first', ...values]]);
      const byId = new Map<string, number>();
      for (const { id, again } of all) {
        const times = byId.get(id) ?? 0;
        if (times > 0) expect([context, again]).toEqual([context, true]);
        byId.set(id, times + 1);
      }
      const framesAgain = new Set(
        [...byId].filter(([, times]) => times > 1).map(([id]) => id.slice(0, id.lastIndexOf('/'))),
      );
      expect([context, framesAgain.size <= strikes * FRAME]).toEqual([context, true]);
    },
    2 * SLOW_MACHINE_MS,
  );
});

describeWithBroker('a durable mailbox with many holders', (rabbitmq) => {
  let broker: Broker;
  const cluster = new Cluster();
  const programs: Program[] = [];
  const journal = join(cluster.folder, 'journal');

  beforeAll(async () => {
    broker = new Broker(rabbitmq);
    await broker.start();
  }, SLOW_MACHINE_MS);

  afterAll(async () => {
    for (const program of programs) await program.kill();
    await broker.stop();
    cluster.remove();
  });

  async function host(name: string, more: Partial<BridgeSettings>): Promise<Program> {
    const settings = { url: broker.url, ...cluster.host(name), heartbeatMs: 500, downAfterMs: 3000, ...more };
    const server = { id: 'journal', module: './modules/journal.ts', args: { file: journal } };
    const program = new Program(name, [server], settings);
    programs.push(program);
    return await program.ready();
  }

  test(
    'shares the work among them, and what one has not done the others do',
    async () => {
      const from = await host('sender', { imports: { jobs: { durable: true, holders: 'many' } } });
      const exports = { jobs: { durable: true, holders: 'many', to: 'journal' } } as const;
      const [one] = [await host('one', { exports }), await host('two', { exports })];
      const values = Array.from({ length: 300 }, (_, n) => `m${String(n)}`);
      await from.reach('jobs', 'confirmed', ['note', 'first']);
      const sending = Promise.all(
        values.map((value) => from.call('jobs', 'confirmed', ['noteSlowly', value], SLOW_MACHINE_MS)),
      );
      const lines = (): Handling[] => {
        const text = readFileSync(journal, { encoding: 'utf8', flag: 'a+' });
        return text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Handling);
      };
      const lives = (): number => new Set(lines().map(({ life }) => life)).size;
      while (lives() < 2) await sleep(20);
      await one.kill();
      await sending;
      while (values.some((value) => !lines().some((line) => line.value === value))) await sleep(50);
      expect(lines().every(({ fence }) => fence === undefined)).toBe(true);
      const other = await host('other', { imports: { jobs: { durable: true } } });
      await other.printed(/bridge: queue-refused/);
    },
    SLOW_MACHINE_MS,
  );
});
