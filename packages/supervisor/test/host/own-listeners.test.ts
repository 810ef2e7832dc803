/** An environment's crash is told by its own runtime, whatever listeners its code has added or removed. */
import { expect, test } from '@jest/globals';
import type { Listeners } from '../fixtures/host/listeners.js';
import { fixture, hostStarter } from './embedded.js';

const startHost = hostStarter();

test.each<Listeners>(['all', 'throw', 'caught'])(
  'with the listeners of the way `%s`: the reason is what was thrown',
  async (way) => {
    const { host, reported } = await startHost([{ id: 'a', module: fixture('listeners') }]);
    await host.context.cast('a', 'crash', [way]);
    expect(await reported(({ kind }) => kind === 'failed')).toMatchObject({
      reason: { tag: 'error', detail: { message: 'this one' } },
    });
  },
);
