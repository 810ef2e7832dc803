/** `limits.timers`: however a guest starts them, they are counted, and given back when they are over. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testClock } from '@espalier/core/testing';
import { start, type Host } from '../../src/index.js';

const FOLDER = new URL('../fixtures/host/', import.meta.url);
const MOST = 5;

describe.each([
  ['real time', undefined],
  ['a test clock', testClock()],
])('timers, in %s', (_, clock) => {
  let host: Host;
  beforeAll(async () => {
    const children = [{ id: 't', module: './timers.ts', limits: { timers: MOST } }];
    host = await start({ children }, { base: FOLDER, embedded: true, ...(clock && { clock }) });
  });
  afterAll(() => host.stop());
  const call = (operation: string, ...parameters: unknown[]) => host.call('t', operation, parameters);

  test('timers: one more than the limit is refused, in each way, until one is over', async () => {
    for (const way of (await call('ways')) as string[]) {
      expect(await call('start', way, MOST)).toBe(MOST);
      expect([way, await call('fails', way), await call('fails', 'setTimeout')]).toEqual([
        way,
        'limit_refused',
        'limit_refused',
      ]);
      await call('clear');
      expect([way, await call('start', way, MOST)]).toEqual([way, MOST]);
      await call('clear');
    }
  }, 60_000);
});

describe('timers', () => {
  test('timers: those that have fired are not under way any more', async () => {
    const children = [{ id: 't', module: './timers.ts', limits: { timers: 1 } }];
    const host = await start({ children }, { base: FOLDER, embedded: true });
    await host.call('t', 'fire', [20]);
    await host.stop();
  }, 60_000);
});
