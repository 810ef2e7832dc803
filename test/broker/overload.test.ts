/** More is sent than gets through: the broker takes nothing, sockets are slow or stalled, queues are full. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import type { Flood, Flooded } from './modules/flood.js';
import { Program } from './program.js';
import { SlowProxy } from './slow-proxy.js';

const SLOW_MACHINE_MS = 180_000;
/** Of a mailbox: what is sent here is a hundred times that. */
const CAPACITY = 1000;
const OVERLOAD = 100 * CAPACITY;
/** What a host may grow by: buffers of fixed size, and what V8 has not collected yet. */
const GROWTH_MB = 150;
const POLICIES = ['block', 'reject', 'drop-newest', 'drop-oldest'] as const;
type Policy = (typeof POLICIES)[number];
/** Of each policy so many, beginning at its own multiple of the other number. */
const COUNT = 6 * CAPACITY;
const PART = 100 * CAPACITY;
const PRIMED = -2;

describeWithBroker('more than gets through', (rabbitmq) => {
  let broker: Broker;
  const programs: Program[] = [];
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
  }, SLOW_MACHINE_MS);

  const file = (): string => join(cluster.folder, 'tally');

  async function host(name: string, more: Partial<BridgeSettings>): Promise<Program> {
    const children =
      name === 'sender'
        ? [{ id: 'flood', module: './modules/flood.ts' }]
        : [{ id: 'tally', module: './modules/tally.ts', args: { file: file() } }];
    const settings = {
      url: broker.url,
      ...cluster.host(name),
      heartbeatMs: 500,
      downAfterMs: 15_000,
      ...more,
    };
    const program = new Program(name, children, settings);
    programs.push(program);
    return await program.ready();
  }

  const flood = async (from: Program, what: Flood): Promise<Flooded> =>
    (await from.call('flood', 'flood', [what], SLOW_MACHINE_MS)) as Flooded;

  function tallied(): number[] {
    const text = readFileSync(file(), { encoding: 'utf8', flag: 'a+' });
    return text.split('\n').slice(0, -1).map(Number);
  }

  /** As soon as that one has come; it is the last in order. */
  async function talliedUntil(last: number): Promise<number[]> {
    for (;;) {
      const all = tallied();
      if (all.includes(last)) return all;
      await sleep(20);
    }
  }

  const watermark = (fraction: string): Promise<string> =>
    broker.ctl(0, 'set_vm_memory_high_watermark', fraction);

  test.each(['transient', 'durable'])(
    'loses nothing of what was sent while the broker was short of memory, in bounded memory (%s)',
    async (mode) => {
      const durable = mode === 'durable';
      const to = await host('holder', { exports: { tally: { durable } } });
      const from = await host('sender', { imports: { tally: { durable, overflow: 'reject' } } });
      if (durable) {
        await from.reach('tally', 'confirmed', ['message', [-1]]);
        await talliedUntil(-1);
      } else await from.reach('tally', 'ping');
      rmSync(file(), { force: true });
      const before = [from.peakMb(), to.peakMb()];
      await watermark('0.0001');
      await from.printed(/bridge: blocked \{"on":true\}/);
      const { sent, refused } = await flood(from, {
        target: 'tally',
        from: 0,
        count: OVERLOAD,
        bytes: 1000,
        wave: 2000,
      });
      expect(sent.length).toBeGreaterThan(CAPACITY);
      expect(sent.length).toBeLessThan(10 * CAPACITY);
      expect(refused).toEqual({ full: OVERLOAD - sent.length });
      await watermark('0.4');
      expect(await talliedUntil(sent.at(-1) as number)).toEqual(sent);
      const grown = [from.peakMb(), to.peakMb()].map((mb, n) => mb - (before[n] ?? 0));
      for (const mb of grown) expect(mb).toBeLessThan(GROWTH_MB);
      await from.send('tally', [OVERLOAD]);
      await talliedUntil(OVERLOAD);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'does not keep a host from stopping while the broker takes nothing',
    async () => {
      const from = await host('sender', { imports: { tally: { durable: true } } });
      await from.reach('tally', 'confirmed', ['message', [0]]);
      await watermark('0.0001');
      await from.printed(/bridge: blocked \{"on":true\}/);
      await flood(from, { target: 'tally', from: 1, count: 100, bytes: 1000, wave: 100 });
      const startedAt = performance.now();
      await from.stop();
      // Nobody had to kill the bridge's cell for it, which its supervisor does after 8 s.
      expect(performance.now() - startedAt).toBeLessThan(7500);
      await watermark('0.4');
    },
    SLOW_MACHINE_MS,
  );

  test.each(['the broker is short of memory', 'queues are full'])(
    'meets what the import says when %s: block, reject, drop-newest or drop-oldest',
    async (when) => {
      const durable = when === 'queues are full';
      // The same mailbox by four names.
      const exports = Object.fromEntries(POLICIES.map((policy) => [policy, { durable, to: 'tally' }]));
      const imports = Object.fromEntries(
        POLICIES.map((overflow) => [overflow, { durable, overflow, sendTimeoutMs: 500 }]),
      );
      const to = await host('holder', { exports });
      const from = await host('sender', { imports });
      for (const target of POLICIES) {
        if (durable) await from.reach(target, 'confirmed', ['message', [-1]]);
        else await from.reach(target, 'ping');
        // From here on the way is known, and so is its policy.
        await flood(from, { target, from: PRIMED, count: 1, bytes: 0, wave: 1 });
      }
      while (tallied().filter((n) => n === PRIMED).length < POLICIES.length) await sleep(20);
      if (durable) {
        await to.kill();
        await broker.ctl(0, 'set_policy', 'short', '.*', '{"max-length":5}');
      } else {
        await watermark('0.0001');
        await from.printed(/bridge: blocked \{"on":true\}/);
      }
      const outcomes: (Flooded & { readonly tookMs: number })[] = [];
      for (const [n, target] of POLICIES.entries()) {
        const startedAt = performance.now();
        const flooded = await flood(from, { target, from: n * PART, count: COUNT, bytes: 500, wave: COUNT });
        outcomes.push({ ...flooded, tookMs: performance.now() - startedAt });
      }
      if (durable) {
        await broker.ctl(0, 'clear_policy', 'short');
        await host('holder', { exports });
      } else await watermark('0.4');
      for (const [n, policy] of POLICIES.entries()) {
        const { sent, refused, tookMs } = outcomes[n] as (typeof outcomes)[number];
        const mark = await arrived(from, policy, n * PART + COUNT);
        const all = (await talliedUntil(mark)).filter((one) => one >= n * PART && one < n * PART + COUNT);
        judge(
          policy,
          { sent, refused, all: all.map((one) => one - n * PART), count: COUNT, tookMs },
          n * PART,
        );
      }
    },
    SLOW_MACHINE_MS,
  );

  /** One that is sent until it is taken and not dropped: it comes behind all others. */
  async function arrived(from: Program, target: string, first: number): Promise<number> {
    for (let n = first; ; n++) {
      const { sent } = await flood(from, { target, from: n, count: 1, bytes: 0, wave: 1 });
      if (sent.length === 1 && (await isTallied(n))) return n;
    }
  }

  async function isTallied(n: number): Promise<boolean> {
    for (let looked = 0; looked < 100; looked++) {
      if (tallied().includes(n)) return true;
      await sleep(20);
    }
    return false;
  }

  interface Outcome extends Flooded {
    readonly all: readonly number[];
    readonly count: number;
    readonly tookMs: number;
  }

  function judge(policy: Policy, { sent, refused, all, count, tookMs }: Outcome, offset: number): void {
    const ascending = [...new Set(all)].sort((left, right) => left - right);
    expect(all).toEqual(ascending);
    if (policy === 'block' || policy === 'reject') {
      expect(all).toEqual(sent.map((n) => n - offset));
      expect(refused).toEqual({ full: count - sent.length });
      expect(count - sent.length).toBeGreaterThan(CAPACITY);
      if (policy === 'block') expect(tookMs).toBeGreaterThanOrEqual(500);
      return;
    }
    expect(sent).toHaveLength(count);
    expect(refused).toEqual({});
    expect(all.length).toBeLessThan(count - CAPACITY);
    expect(all.includes(0)).toBe(true);
    expect(all.includes(count - 1)).toBe(policy === 'drop-oldest');
  }

  test(
    'waits for a sender whose socket is stalled until its connection is given up, and loses nothing',
    async () => {
      const proxy = new SlowProxy(() => broker.port);
      const url = `amqp://guest:guest@127.0.0.1:${String(await proxy.start())}`;
      await host('holder', { exports: { tally: { durable: true } } });
      const from = await host('sender', { url, imports: { tally: { durable: true, overflow: 'reject' } } });
      await from.reach('tally', 'confirmed', ['message', [-1]]);
      await talliedUntil(-1);
      rmSync(file(), { force: true });
      const before = from.peakMb();
      proxy.pace(0);
      const what = { target: 'tally', from: 0, count: OVERLOAD, bytes: 1000, wave: 2000 };
      const { sent, refused } = await flood(from, what);
      expect(refused).toEqual({ full: OVERLOAD - sent.length });
      await from.printed(/bridge: disconnected/);
      proxy.pace(Infinity);
      const all = await talliedUntil(sent.at(-1) as number);
      expect(all).toEqual(sent);
      expect(from.peakMb() - before).toBeLessThan(GROWTH_MB);
      proxy.stop();
    },
    SLOW_MACHINE_MS,
  );

  test(
    'holds up its senders while a receiver reads slowly, and both hosts keep their size',
    async () => {
      const proxy = new SlowProxy(() => broker.port);
      const url = `amqp://guest:guest@127.0.0.1:${String(await proxy.start())}`;
      const to = await host('holder', { url, exports: { tally: {} } });
      const from = await host('sender', { imports: { tally: { overflow: 'reject' } } });
      await from.reach('tally', 'ping');
      const before = [from.peakMb(), to.peakMb()];
      proxy.pace(100_000);
      const what = { target: 'tally', from: 0, count: OVERLOAD, bytes: 1000, wave: 2000 };
      const { sent, refused } = await flood(from, what);
      expect(refused).toEqual({ full: OVERLOAD - sent.length });
      proxy.pace(Infinity);
      expect(await talliedUntil(sent.at(-1) as number)).toEqual(sent);
      const grown = [from.peakMb(), to.peakMb()].map((mb, n) => mb - (before[n] ?? 0));
      for (const mb of grown) expect(mb).toBeLessThan(GROWTH_MB);
      proxy.stop();
    },
    SLOW_MACHINE_MS,
  );
});
