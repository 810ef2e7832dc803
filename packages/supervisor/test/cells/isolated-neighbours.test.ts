/** One isolated child at a limit of its own, or gone, and another beside it, over real processes. */
import { expect, test } from '@jest/globals';
import type { EnvironmentLimitsSpec, EnvironmentSpec } from '../../src/index.js';
import { cellStarter, group, SAME_NUMBERS, type Running } from './cells.js';

const startTree = cellStarter({ embedded: false });
const GRANTED = { shop: { send: '/store' } };
const CALM = 'tree/tenants/calm';
const WILD = 'tree/tenants/wild';

const child = (id: string, module: string, fields: Partial<EnvironmentSpec> = {}): EnvironmentSpec => ({
  id,
  module,
  ...fields,
});

/** A tenant that asks the store, beside a wild one with these limits. */
async function startTenants(
  limits: EnvironmentLimitsSpec,
  fields: Partial<EnvironmentSpec> = {},
): Promise<Running> {
  return startTree([
    child('store', './mail.ts'),
    group(
      'tenants',
      [
        child('calm', './mail.ts', { grants: GRANTED }),
        child('wild', './eater.ts', { grants: GRANTED, limits, ...fields }),
      ],
      { siblings: 'isolate' },
    ),
  ]);
}

async function cast(running: Running, path: string, operation: string, ...parameters: unknown[]) {
  await running.host.context.cast(await running.host.address(path), operation, parameters);
}

/** Has the calm one ask the store, again and again, until that happens. An error fails the test. */
async function askedUntil(running: Running, happened: Promise<unknown>): Promise<void> {
  const { host } = running;
  const calm = await host.address(CALM);
  const store = await running.pid('tree/store');
  let over = false;
  void happened.finally(() => {
    over = true;
  });
  do expect(await host.call(calm, 'reach', ['shop'], { timeoutMs: 10_000 })).toBe(store);
  while (!over);
  await happened;
}

function expectCalm(running: Running): void {
  expect(running.pids(CALM)).toHaveLength(1);
  expect(running.history(CALM).map(({ kind }) => kind)).toEqual(['started']);
  expect(running.history('tree/store').map(({ kind }) => kind)).toEqual(['started']);
}

test.each<readonly [string, EnvironmentLimitsSpec, string, unknown[]]>([
  ['memory', { memoryMb: 100 }, 'workerKeeps', [400]],
  ['processor time', { cpu: 0.1, cpuOver: 'end' }, 'loop', []],
])(
  'an isolated child at its limit of %s is ended and started anew; no request of its sibling fails',
  async (_what, limits, operation, parameters) => {
    const running = await startTenants(limits);
    await cast(running, WILD, operation, ...parameters);
    await askedUntil(running, running.happened(WILD, 'restarted'));
    expect(running.history(WILD)).toContainEqual(
      expect.objectContaining({ kind: 'failed', reason: expect.objectContaining({ tag: 'limit' }) }),
    );
    expectCalm(running);
  },
  60_000,
);

test('an isolated child whose mailbox is full makes who sends to it wait, and nobody else', async () => {
  const running = await startTenants({ mailbox: 10 }, { sendTimeoutMs: 60_000 });
  const { host } = running;
  await host.suspend(WILD);
  const wild = await host.address(WILD);
  const waiting = Promise.all(Array.from({ length: 100 }, () => host.send(wild, 'x')));
  await askedUntil(
    running,
    Promise.all(Array.from({ length: 20 }, () => askedUntil(running, Promise.resolve()))),
  );
  await host.resume(WILD);
  await waiting;
  expectCalm(running);
}, 60_000);

test('an isolated child whose process is killed again and again is started anew each time; no request of its sibling fails', async () => {
  const running = await startTenants({}, SAME_NUMBERS);
  for (let life = 1; life <= 3; life += 1) {
    process.kill(await running.pid(WILD, life), 'SIGKILL');
    await askedUntil(running, running.happened(WILD, 'restarted', life));
  }
  expectCalm(running);
}, 60_000);

test('a grant that is revoked while messages flow: a beginning of them arrives, in order, and the sibling goes on', async () => {
  const running = await startTenants({});
  const { host } = running;
  const store = await host.address('tree/store');
  await host.grant(CALM, 'more', 'tree/store');
  const calm = await host.address(CALM);
  const most = 1_000_000;
  const counting = host.call(calm, 'count', ['more', most], { timeoutMs: 60_000 });
  const notes = () => host.call(store, 'notes', [], { timeoutMs: 30_000 }) as Promise<number[]>;
  while ((await notes()).length === 0);
  await host.revoke(CALM, 'more');
  await counting;
  const arrived = await notes();
  expect(arrived.length).toBeLessThan(most);
  expect(arrived).toEqual(Array.from({ length: arrived.length }, (_, n) => n));
  await askedUntil(running, Promise.resolve());
  expectCalm(running);
}, 90_000);
