/** Two programs and a real broker: who is linked with somebody on another host shares his fate, once, in both directions. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { Broker, describeWithBroker } from './broker.js';
import { Cluster } from './cluster.js';
import { Program } from './program.js';
import { CuttingProxy } from './proxy.js';

const FRIEND = './modules/friend.ts';
const SLOW_MACHINE_MS = 120_000;
const LOOK_MS = 20;
/** Longer than a host is silent before it is down, and what is heard of that is under way. */
const DOWN_AFTER_MS = 1500;
const ALL_HEARD_MS = 2 * DOWN_AFTER_MS;
const COUNT = 200;
const numbers = Array.from({ length: COUNT }, (_, n) => n);

describeWithBroker('a link to another host', (rabbitmq) => {
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
    return { url: broker.url, ...cluster.host(host), heartbeatMs: 300, downAfterMs: DOWN_AFTER_MS, ...more };
  }

  /** `alpha` exports `far`; on `beta` are `near` and `other`. Those of them that are named trap exits. */
  async function pair(
    traps: readonly string[],
    exporter: Partial<BridgeSettings> = {},
    importer: Partial<BridgeSettings> = {},
  ): Promise<[Program, Program]> {
    const friend = (id: string) => ({
      id,
      module: FRIEND,
      args: { traps: traps.includes(id) },
      restart: 'temporary' as const,
    });
    const alpha = new Program(
      'alpha',
      [friend('far')],
      settings('alpha', { exports: { far: {} }, ...exporter }),
    );
    const beta = new Program(
      'beta',
      [friend('near'), friend('other')],
      settings('beta', { imports: { far: {} }, ...importer }),
    );
    programs = [alpha, beta];
    await Promise.all(programs.map((program) => program.ready()));
    await beta.reach('far', 'heard');
    return [alpha, beta];
  }

  /** Until it has arrived: the stand-in has heard of it before it answers, and then what comes behind it has arrived. */
  async function link(beta: Program): Promise<void> {
    expect(await beta.call('near', 'link', ['far'])).toBe(true);
    for (let times = 0; times < 2; times++) await beta.call('far', 'heard');
  }

  /** What somebody has heard, as soon as it is so much. */
  async function heard(program: Program, name: string, count: number): Promise<readonly unknown[]> {
    for (;;) {
      const all = (await program.call(name, 'heard')) as readonly unknown[];
      if (all.length >= count) return all;
      await pause(LOOK_MS);
    }
  }

  test(
    'ends who is linked there, with the reason',
    async () => {
      const [alpha, beta] = await pair([]);
      const { down } = await alpha.monitor('far');
      expect(await beta.call('near', 'link', ['far'])).toBe(true);
      await beta.cast('near', 'end', ['far', 0, 'error', { why: 'a test' }]);
      expect(await down).toEqual({ tag: 'error', detail: { why: 'a test' } });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'ends who is linked here, with the reason, too',
    async () => {
      const [alpha, beta] = await pair([]);
      const { down } = await beta.monitor('near');
      await beta.call('near', 'link', ['far']);
      await alpha.cast('far', 'end', ['near', 0, 'error', { why: 'a test' }]);
      expect(await down).toEqual({ tag: 'error', detail: { why: 'a test' } });
    },
    SLOW_MACHINE_MS,
  );

  test(
    'tells an end behind what was sent before, and ends nobody by `normal`',
    async () => {
      const [alpha, beta] = await pair(['far']);
      await beta.call('near', 'link', ['far']);
      await beta.call('other', 'link', ['far']);
      await beta.cast('near', 'end', ['far', COUNT, 'normal', 'done']);
      expect(await heard(alpha, 'far', COUNT + 1)).toEqual([...numbers, ['normal', 'done']]);
      await beta.cast('other', 'end', ['far', 0, 'shutdown', null]);
      expect((await heard(alpha, 'far', COUNT + 2)).at(-1)).toEqual(['shutdown', null]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'tells that somebody was killed as that',
    async () => {
      const [alpha, beta] = await pair(['far']);
      await beta.call('near', 'link', ['far']);
      await beta.call('other', 'link', ['far']);
      await beta.killChild('beta/near');
      expect(await heard(alpha, 'far', 1)).toEqual([['killed', null]]);
      await beta.killChild('beta/other');
      expect(await heard(alpha, 'far', 2)).toEqual([
        ['killed', null],
        ['killed', null],
      ]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is there no more once it was undone, and when the host goes as little',
    async () => {
      const [alpha, beta] = await pair(['far']);
      await beta.call('near', 'link', ['far']);
      await beta.call('near', 'unlink', ['far']);
      await beta.cast('near', 'end', ['far', 1, 'error', 'unheard']);
      expect(await heard(alpha, 'far', 1)).toEqual([0]);
      await beta.kill();
      await alpha.printed(/bridge: host-down/);
      await pause(ALL_HEARD_MS - DOWN_AFTER_MS);
      expect(await alpha.call('far', 'heard')).toEqual([0]);
    },
    SLOW_MACHINE_MS,
  );

  test.each(['linking', 'exporting'])(
    'fires once with `noconnection` when the %s host is killed',
    async (which) => {
      const [alpha, beta] = await pair(['far', 'near']);
      await link(beta);
      if (which === 'linking') await beta.kill();
      else await alpha.kill();
      const [left, name]: [Program, string] = which === 'linking' ? [alpha, 'far'] : [beta, 'near'];
      await heard(left, name, 1);
      await pause(ALL_HEARD_MS);
      expect(await left.call(name, 'heard')).toEqual([['noconnection', null]]);
    },
    SLOW_MACHINE_MS,
  );

  test.each(['linking', 'exporting'])(
    'fires once on either side with `noconnection` when the %s host is cut off, and comes back',
    async (which) => {
      const proxy = new CuttingProxy(() => broker.port);
      const url = `amqp://guest:guest@127.0.0.1:${String(await proxy.start())}`;
      const [alpha, beta] =
        which === 'linking' ? await pair(['far', 'near'], {}, { url }) : await pair(['far', 'near'], { url });
      await link(beta);
      proxy.close();
      await Promise.all([heard(alpha, 'far', 1), heard(beta, 'near', 1)]);
      proxy.open();
      await beta.reach('far', 'heard');
      await pause(ALL_HEARD_MS);
      expect(await alpha.call('far', 'heard')).toEqual([['noconnection', null]]);
      expect(await beta.call('near', 'heard')).toEqual([['noconnection', null]]);
      // Nobody is linked any more; and again somebody can be.
      await link(beta);
      await beta.killChild('beta/near');
      expect((await heard(alpha, 'far', 2)).at(-1)).toEqual(['killed', null]);
      proxy.stop();
    },
    SLOW_MACHINE_MS,
  );

  test.each(['linking', 'exporting'])(
    'fires once on either side when the bridge of the %s host is killed',
    async (which) => {
      const [alpha, beta] = await pair(['far', 'near']);
      await link(beta);
      const ends: unknown = expect.stringMatching(/^(killed|cell|noconnection)$/);
      if (which === 'linking') await beta.killChild('beta/bridge');
      else await alpha.killChild('alpha/bridge');
      await Promise.all([heard(alpha, 'far', 1), heard(beta, 'near', 1)]);
      await beta.reach('far', 'heard');
      await pause(ALL_HEARD_MS);
      expect(await alpha.call('far', 'heard')).toEqual([[ends, null]]);
      expect(await beta.call('near', 'heard')).toEqual([[ends, null]]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'takes no part in exit signals that are sent: they come behind what was sent before, and end who does not trap them',
    async () => {
      const [alpha, beta] = await pair(['far']);
      await beta.cast('near', 'signal', ['far', COUNT, { tag: 'error', detail: 'mine' }]);
      await beta.cast('other', 'signal', ['far', 0, { tag: 'normal' }]);
      const all = await heard(alpha, 'far', COUNT + 2);
      const ofNear = all.filter((item) => JSON.stringify(item) !== '["normal",null]');
      expect(ofNear).toEqual([...numbers, ['error', 'mine']]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    'is not needed to kill: who is killed from elsewhere ends, whether or not he traps exits',
    async () => {
      const [alpha, beta] = await pair(['far', 'other']);
      await beta.call('other', 'link', ['far']);
      const { down } = await alpha.monitor('far');
      await beta.cast('near', 'kill', ['far']);
      expect(await down).toEqual({ tag: 'killed' });
      expect(await heard(beta, 'other', 1)).toEqual([['killed', null]]);
    },
    SLOW_MACHINE_MS,
  );
});
