/** When a tree that imports names has started: what can be called then, and what cannot. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const SLOW_MACHINE_MS = 120_000;

describeWithBroker('a tree that imports names', (rabbitmq) => {
  const broker = new Broker(rabbitmq);
  const programs: Program[] = [];
  let cluster = new Cluster();

  beforeAll(() => broker.start(), SLOW_MACHINE_MS);
  afterAll(() => broker.stop());
  afterEach(async () => {
    for (const program of programs.splice(0)) await program.kill();
    cluster.remove();
    cluster = new Cluster();
  });

  async function start(
    more: Partial<BridgeSettings>,
    children: ConstructorParameters<typeof Program>[1] = [],
  ): Promise<Program> {
    const program = new Program('beta', children, {
      url: broker.url,
      ...cluster.host('beta'),
      heartbeatMs: 500,
      downAfterMs: 3000,
      ...more,
    });
    programs.push(program);
    return await program.ready();
  }

  test(
    'has started when durable ones can be called: the first call is answered',
    async () => {
      const names = ['one', 'two', 'three', 'four'];
      const beta = await start({
        imports: Object.fromEntries(names.map((name) => [name, { durable: true }])),
      });
      const calls = names.map((name) => beta.call(name, 'confirmed', ['do', 1], SLOW_MACHINE_MS));
      expect(await Promise.all(calls)).toEqual(names.map(() => null));
    },
    SLOW_MACHINE_MS,
  );

  test(
    'has started without a broker, too, and what is sent then waits for one',
    async () => {
      const beta = await start({ url: 'amqp://127.0.0.1:1', imports: { jobs: { durable: true } } });
      await beta.cast('jobs', 'do', [1]);
      await expect(beta.call('jobs', 'confirmed', ['do', 2], 100)).rejects.toMatchObject({ code: 'timeout' });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is not held up by a name that somebody else has, nor by a transient one of a host that is not there',
    async () => {
      const beta = await start({ imports: { ledger: { durable: true }, jobs: { durable: true }, far: {} } }, [
        { id: 'ledger', module: './modules/ledger.ts' },
      ]);
      expect(beta.output).toMatch(/name-refused/);
      expect(await beta.call('ledger', 'echo', ['own'])).toBe('own');
      expect(await beta.call('jobs', 'confirmed', ['do', 1], SLOW_MACHINE_MS)).toBeNull();
      await expect(beta.call('far', 'echo', [1])).rejects.toMatchObject({ code: 'noproc' });
    },
    SLOW_MACHINE_MS,
  );
});
