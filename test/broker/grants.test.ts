/** Isolated nodes and names of other hosts: granted, used, revoked, and nothing more told than of a neighbour. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';

const LEDGER = './modules/ledger.ts';
const SLOW_MACHINE_MS = 120_000;
const LOOK_MS = 20;
const TENANT = 'beta/tenants/tenant';

describeWithBroker('a name of another host, granted to an isolated node', (rabbitmq) => {
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

  /** `alpha` has a ledger; on `beta` is another one, and an isolated tenant that is granted both. */
  async function world(restart: 'permanent' | 'temporary' = 'permanent'): Promise<[Program, Program]> {
    const alpha = new Program(
      'alpha',
      [{ id: 'ledger', module: LEDGER, restart }],
      settings('alpha', { exports: { ledger: {} } }),
    );
    const grants = { far: { send: '/bridge/book' }, near: { send: '/neighbour' } };
    const beta = new Program(
      'beta',
      [
        { id: 'neighbour', module: LEDGER, restart },
        {
          id: 'tenants',
          siblings: 'isolate',
          children: [{ id: 'tenant', module: './modules/tenant.ts', grants }],
        },
      ],
      settings('beta', { imports: { ledger: { as: 'book' } } }),
      { grants: { tenant: { send: '/tenants/tenant' } } },
    );
    programs = [alpha, beta];
    await Promise.all(programs.map((program) => program.ready()));
    await beta.reach('book', 'echo', [0]);
    return [alpha, beta];
  }

  const ask = (beta: Program, target: string, operation: string, parameters: readonly unknown[] = []) =>
    beta.call('tenant', 'ask', [target, operation, parameters]);

  /** Both ends of two sorts, and the call. */
  async function heard(beta: Program): Promise<{ readonly ends: unknown[]; readonly calls: unknown[] }> {
    for (;;) {
      const all = (await beta.call('tenant', 'heard')) as { ends: unknown[]; calls: unknown[] };
      if (all.ends.length === 2 && all.calls.length === 1) return all;
      await pause(LOOK_MS);
    }
  }

  test(
    'is sent to and called like a neighbour, and says the same of whatever fails',
    async () => {
      const [alpha, beta] = await world();
      for (const target of ['far', 'near']) {
        expect(await beta.call('tenant', 'send', [target, 1])).toBe('sent');
        expect(await ask(beta, target, 'echo', [{ list: [1, 'two'] }])).toEqual({
          value: { list: [1, 'two'] },
        });
        expect(await ask(beta, target, 'told')).toEqual({ value: [1] });
      }
      expect(await alpha.call('ledger', 'told')).toEqual([1]);
      for (const operation of ['refuse', 'unheard-of', 'never'])
        expect(await ask(beta, 'far', operation, ['no'])).toEqual(await ask(beta, 'near', operation, ['no']));
      // What it was not granted is not there, by whatever name it goes on this host.
      for (const name of ['book', 'ledger', 'bridge', 'neighbour'])
        expect(await ask(beta, name, 'echo', [1])).toMatchObject({ code: 'noproc' });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'that ends, whatever the reason, is told as `noproc`, to the letter as of a neighbour',
    async () => {
      const [alpha, beta] = await world('temporary');
      const ends = [];
      for (const [target, kill] of [
        ['far', () => alpha.killChild('alpha/ledger')],
        ['near', () => beta.killChild('beta/neighbour')],
      ] as const) {
        expect(await beta.call('tenant', 'watch', [target])).toBe('watches');
        await kill();
        const { ends: told, calls } = await heard(beta);
        const later = await ask(beta, target, 'echo', [1]);
        ends.push(JSON.stringify([told, calls, later]).replaceAll(target, 'it'));
        await beta.killChild(TENANT);
        await beta.reach('tenant', 'heard');
      }
      expect(ends[0]).toContain('"noproc"');
      expect(ends[0]).toBe(ends[1]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is as if it had never been there when its host is lost, and is there again when that is',
    async () => {
      const [alpha, beta] = await world();
      expect(await beta.call('tenant', 'watch', ['far'])).toBe('watches');
      await alpha.kill();
      const { ends, calls } = await heard(beta);
      expect(ends).toEqual(
        expect.arrayContaining([
          ['down', { tag: 'noproc' }],
          ['exit', { tag: 'noproc' }],
        ]),
      );
      expect(calls).toMatchObject([{ code: 'noproc', reason: { tag: 'noproc' } }]);
      const absent = JSON.stringify(await ask(beta, 'nobody', 'echo', [1]));
      expect(JSON.stringify(await ask(beta, 'far', 'echo', [1]))).toBe(absent.replaceAll('nobody', 'far'));
      const again = new Program(
        'alpha',
        [{ id: 'ledger', module: LEDGER }],
        settings('alpha', { exports: { ledger: {} } }),
      );
      programs = [beta, again];
      await again.ready();
      let answer: unknown;
      while (((answer = await ask(beta, 'far', 'echo', ['back'])), !('value' in (answer as object))))
        await pause(LOOK_MS);
      expect(answer).toEqual({ value: 'back' });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is linked like a neighbour, and is told as little of the other side as that',
    async () => {
      const [alpha, beta] = await world();
      for (const [target, down] of [
        ['far', await alpha.monitor('ledger')],
        ['near', await beta.monitor('neighbour')],
      ] as const) {
        expect(await beta.call('tenant', 'watch', [target])).toBe('watches');
        await beta.killChild(TENANT);
        expect(await down.down).toEqual({ tag: 'noproc' });
        await beta.reach('tenant', 'heard');
      }
    },
    SLOW_MACHINE_MS,
  );

  test(
    'can be revoked and granted again while it is used, by whom the tree is administered',
    async () => {
      const [alpha, beta] = await world();
      expect(await beta.call('tenant', 'watch', ['far'])).toBe('watches');
      await beta.revoke(TENANT, 'far');
      const { ends, calls } = await heard(beta);
      expect(ends).toEqual(
        expect.arrayContaining([
          ['down', { tag: 'noproc' }],
          ['exit', { tag: 'noproc' }],
        ]),
      );
      expect(calls).toMatchObject([{ code: 'noproc' }]);
      expect(await ask(beta, 'far', 'echo', [1])).toMatchObject({ code: 'noproc' });
      // Who was not revoked is not concerned, here or there.
      expect(await beta.call('book', 'echo', [1])).toBe(1);
      expect(await alpha.call('ledger', 'echo', [1])).toBe(1);
      await beta.grant(TENANT, 'far', 'beta/bridge/book');
      expect(await ask(beta, 'far', 'echo', [2])).toEqual({ value: 2 });
      // The link went with the grant: nobody there hears what becomes of the tenant.
      expect(await beta.call('tenant', 'send', ['far', 'kept'])).toBe('sent');
      expect(await ask(beta, 'far', 'told')).toEqual({ value: ['kept'] });
      await beta.killChild(TENANT);
      await beta.kill();
      await alpha.printed(/bridge: host-down/);
      expect(await alpha.call('ledger', 'told')).toEqual(['kept']);
    },
    SLOW_MACHINE_MS,
  );
});
