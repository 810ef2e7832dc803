/** Two programs and a real broker: a mailbox on another host behaves as one next door, and ends as one. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import amqp from 'amqplib';
import type { BridgeLosses, BridgeSettings } from '@espalier/mq-bridge';
import { QueueNames } from '../../packages/mq-bridge/src/wire/queue-names.js';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';
import { CuttingProxy } from './proxy.js';

const LEDGER = { id: 'ledger', module: './modules/ledger.ts' };
const SLOW_MACHINE_MS = 120_000;
/** What a mailbox for 10 messages takes while nothing is read from it: those, a window, and the one on its way. */
const TAKEN = 10 + 8 + 1;
/** Long enough for whatever is sent in between. */
const SLOW_RESTART = { backoff: { initialMs: 1000, jitter: 0 } };

describeWithBroker('a transient mailbox on another host', (rabbitmq) => {
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

  function settings(host: string, more: Partial<BridgeSettings>): BridgeSettings {
    return { url: broker.url, ...cluster.host(host), heartbeatMs: 500, downAfterMs: 4000, ...more };
  }

  /** `alpha` exports its ledger, `beta` imports it. */
  async function pair(
    exporter: Partial<BridgeSettings> = {},
    importer: Partial<BridgeSettings> = {},
    ledger: Record<string, unknown> = {},
  ): Promise<[Program, Program]> {
    const alpha = new Program(
      'alpha',
      [{ ...LEDGER, ...ledger }],
      settings('alpha', { exports: { ledger: {} }, ...exporter }),
    );
    const beta = new Program(
      'beta',
      [],
      settings('beta', { imports: { ledger: { as: 'book' } }, ...importer }),
    );
    programs = [alpha, beta];
    await Promise.all(programs.map((program) => program.ready()));
    await beta.reach('book', 'echo', [0]);
    return [alpha, beta];
  }

  test(
    'is sent to, cast to and called by its name, in order',
    async () => {
      const [alpha, beta] = await pair();
      const values = { list: [1, 'two', null], text: 'ü', nested: { deep: [true] } };
      expect(await beta.call('book', 'echo', [values])).toEqual(values);
      const told = Array.from({ length: 300 }, (_, n) => n);
      await Promise.all(
        told.map((n) => (n % 2 === 0 ? beta.send('book', n) : beta.cast('book', 'tell', [n]))),
      );
      expect(await beta.call('book', 'told')).toEqual(told);
      expect(await alpha.call('ledger', 'told')).toEqual(told);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'gives the errors that a local one gives',
    async () => {
      const [, beta] = await pair(
        {},
        { imports: { ledger: { as: 'book' }, absent: {} }, messageBytes: 1000 },
      );
      await expect(beta.call('book', 'refuse', ['no'])).rejects.toMatchObject({
        code: 'refused',
        message: 'no',
      });
      await expect(beta.call('book', 'unheard-of')).rejects.toMatchObject({ code: 'no_such_operation' });
      await expect(beta.call('book', 'never', [], 300)).rejects.toMatchObject({ code: 'timeout' });
      await expect(beta.call('book', 'echo', ['x'.repeat(2000)])).rejects.toMatchObject({
        code: 'too_large',
      });
      await expect(beta.send('book', 'x'.repeat(2000))).rejects.toMatchObject({ code: 'too_large' });
      await expect(beta.cast('book', 'tell', ['x'.repeat(2000)])).rejects.toMatchObject({
        code: 'too_large',
      });
      await expect(beta.call('absent', 'echo')).rejects.toMatchObject({ code: 'noproc' });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'that ends is told to who watches and who calls, once, and is there again with its next life',
    async () => {
      const [alpha, beta] = await pair();
      const { down } = await beta.monitor('book');
      const call = beta.call('book', 'never', [], SLOW_MACHINE_MS).catch((error: unknown) => error);
      await alpha.killChild('alpha/ledger');
      expect(await down).toEqual({ tag: 'killed' });
      expect(await call).toMatchObject({ code: 'down' });
      expect(await beta.reach('book', 'told')).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'that is being restarted has what is sent meanwhile wait, in order, for its next life',
    async () => {
      const [alpha, beta] = await pair({}, {}, SLOW_RESTART);
      await beta.send('book', 'to the first');
      expect(await beta.call('book', 'told')).toEqual(['to the first']);
      const { down } = await beta.monitor('book');
      await alpha.killChild('alpha/ledger');
      expect(await down).toEqual({ tag: 'killed' });
      // The first window: no more is taken while nobody is there.
      for (let n = 0; n < 8; n++) await (n % 2 === 0 ? beta.send('book', n) : beta.cast('book', 'tell', [n]));
      expect(await beta.call('book', 'told', [], SLOW_MACHINE_MS)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'that is being restarted is nobody’s as soon as its host has gone',
    async () => {
      const [alpha, beta] = await pair(
        {},
        {},
        { backoff: { initialMs: SLOW_MACHINE_MS, maxMs: SLOW_MACHINE_MS } },
      );
      const { down } = await beta.monitor('book');
      await alpha.killChild('alpha/ledger');
      await down;
      const call = beta.call('book', 'told', [], SLOW_MACHINE_MS).catch((error: unknown) => error);
      await alpha.kill();
      expect(await call).toMatchObject({ code: 'noproc' });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'ends with `noconnection` when its host is killed, and a new incarnation of the host has it again',
    async () => {
      const [alpha, beta] = await pair();
      const { down } = await beta.monitor('book');
      const call = beta.call('book', 'never', [], SLOW_MACHINE_MS).catch((error: unknown) => error);
      await alpha.kill();
      expect(await down).toEqual({ tag: 'noconnection' });
      expect(await call).toMatchObject({ code: 'down' });
      const again = new Program('alpha', [LEDGER], settings('alpha', { exports: { ledger: {} } }));
      programs = [beta, again];
      await again.ready();
      expect(await beta.reach('book', 'echo', ['back'])).toBe('back');
    },
    SLOW_MACHINE_MS,
  );

  test(
    'ends with `noconnection` when its host is cut off, and comes back as a new incarnation when it is not any more',
    async () => {
      const proxy = new CuttingProxy(() => broker.port);
      const url = `amqp://guest:guest@127.0.0.1:${String(await proxy.start())}`;
      const [alpha, beta] = await pair({ url });
      await beta.send('book', 'before');
      const { down } = await beta.monitor('book');
      proxy.close();
      expect(await down).toEqual({ tag: 'noconnection' });
      proxy.open();
      await alpha.printed(/bridge: renewed/);
      // The ledger itself has not ended: it is another mailbox of the same environment.
      expect(await beta.reach('book', 'told')).toEqual(['before']);
      proxy.stop();
    },
    SLOW_MACHINE_MS,
  );

  test(
    'leaves nothing in the broker after a clean stop',
    async () => {
      const [alpha, beta] = await pair();
      await beta.send('book', 1);
      expect(await beta.call('book', 'told')).toEqual([1]);
      const names = new QueueNames(cluster.root.publicKey);
      const incarnations = [alpha, beta].map(({ output }) => /"incarnation":"(\w+)"/.exec(output)?.[1] ?? '');
      const [ofAlpha = '', ofBeta = ''] = incarnations;
      const queues = [
        names.presence(ofAlpha),
        names.presence(ofBeta),
        names.inbox(ofAlpha),
        names.inbox(ofBeta),
      ];
      queues.push(names.mailbox(ofAlpha, 'ledger', 1));
      expect(await Promise.all(queues.map((queue) => isThere(queue)))).toEqual(queues.map(() => true));
      await beta.stop();
      await alpha.stop();
      programs = [];
      expect(await Promise.all(queues.map((queue) => isThere(queue)))).toEqual(queues.map(() => false));
    },
    SLOW_MACHINE_MS,
  );

  test(
    'that is not read holds up its senders, and then gives them `full`: what lies on the way is bounded',
    async () => {
      const [, beta] = await pair({}, {}, { limits: { mailbox: 10 } });
      // The ledger is busy for ever: its mailbox, the queue, the stream and the stand-in's mailbox fill.
      await beta.cast('book', 'block', []);
      const flood = 4000;
      const big = 'x'.repeat(16_000);
      const results = await Promise.allSettled(
        Array.from({ length: flood }, () => beta.cast('book', 'tell', [big])),
      );
      const refused = results.filter(({ status }) => status === 'rejected');
      for (const result of refused) expect(result).toMatchObject({ reason: { code: 'full' } });
      // 18 + 128 frames in hand + 256 in the queue + 4 MB in the stream + 64 passed on + 1,008 in the last mailbox.
      expect(refused.length).toBeGreaterThan(flood - 1800);
      expect(beta.output).not.toMatch(/lost|undelivered/);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'that ends unread is lost message by message: what was on the way is counted on either side',
    async () => {
      const [alpha, beta] = await pair({}, {}, { limits: { mailbox: 10 } });
      await overwhelm(beta, 100);
      await alpha.killChild('alpha/ledger');
      await alpha.printed(/bridge: undelivered/);
      const [there, here] = await Promise.all([alpha, beta].map((host) => lossesOf(host)));
      const lost = (there?.undelivered ?? 0) + (here?.undelivered ?? 0);
      // But for those that lay in the ledger's mailbox, and as many at the stand-in: their cells tell of them.
      expect(lost).toBeGreaterThanOrEqual(100 - 2 * TAKEN);
      expect(lost).toBeLessThanOrEqual(100);
      for (const losses of [there, here]) expect(losses).toMatchObject({ missing: 0, dropped: {} });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'says how many frames the broker had and has lost, when the next one comes',
    async () => {
      const terms = { downAfterMs: 60_000 };
      const [alpha, beta] = await pair(terms, terms, { limits: { mailbox: 10 } });
      // The bridge has 128 of them in hand; the others are in the broker alone.
      await overwhelm(beta, 200);
      await broker.kill();
      await broker.start();
      await beta.cast('book', 'tell', ['one more']);
      await alpha.printed(/bridge: missing \{"target":"'ledger'","frames":\d+\}/);
      const { missing, undelivered } = await lossesOf(alpha);
      expect(missing).toBeGreaterThanOrEqual(200 - TAKEN - 128);
      expect(missing).toBeLessThanOrEqual(200 - 128);
      expect(undelivered).toBe(0);
    },
    SLOW_MACHINE_MS,
  );

  /** So many messages to a ledger that is busy for ever, of which the broker has all but those that are taken. */
  async function overwhelm(from: Program, count: number): Promise<void> {
    await from.cast('book', 'block', []);
    // Of such a size each has a frame of its own.
    const big = 'x'.repeat(17_000);
    await Promise.all(Array.from({ length: count }, () => from.cast('book', 'tell', [big])));
    for (;;) {
      const counts = (await broker.ctl(0, 'list_queues', 'messages')).match(/\d+/g) ?? [];
      if (Math.max(...counts.map(Number)) >= count - TAKEN) return;
    }
  }

  const lossesOf = async (program: Program): Promise<BridgeLosses> =>
    (await program.call('bridge', 'losses')) as BridgeLosses;

  /** Asks on a connection of its own: a queue that is not there closes the channel. */
  async function isThere(queue: string): Promise<boolean> {
    const connection = await amqp.connect(broker.url);
    connection.on('error', () => undefined);
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      await channel.checkQueue(queue);
      return true;
    } catch {
      return false;
    } finally {
      await connection.close();
    }
  }
});
