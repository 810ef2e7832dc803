/** What somebody who spawns says of the new mailbox. */
import { expect, test } from '@jest/globals';
import { errorOf, fixture, hostStarter } from './embedded.js';

const startHost = hostStarter();
const CAPACITY = 1000;

test('a sender meets the policy that the spawner has asked for, and waits as long as it says', async () => {
  const { host } = await startHost([]);
  const { context } = host;
  const module = fixture('no-reader').href;
  for (const terms of [{ overflow: 'reject' }, { sendTimeoutMs: 0 }, { overflow: 'drop-newest' }] as const) {
    const { address } = await context.spawn({ module, ...terms });
    const fate = async (): Promise<unknown> =>
      (await context.send(address, 'x').catch((error: unknown) => error)) ?? 'sent';
    // The kernel answers in order: with this answer the way that the first one has asked for is open, and its policy known.
    await fate();
    await context.monitor(address);
    const fates = await Promise.all(Array.from({ length: 2 * CAPACITY }, fate));
    const refused = fates.filter((one) => one !== 'sent');
    if (terms.overflow === 'drop-newest') expect(refused).toEqual([]);
    else expect(refused.length).toBeGreaterThan(CAPACITY / 2);
    for (const error of refused) expect(error).toMatchObject({ code: 'full' });
  }
});

test('what is no policy, and no time, is refused', async () => {
  const { host } = await startHost([]);
  const module = fixture('no-reader').href;
  for (const terms of [{ overflow: 'wait' as 'block' }, { sendTimeoutMs: -1 }, { sendTimeoutMs: Infinity }])
    expect(await errorOf(host.context.spawn({ module, ...terms }))).toMatchObject({ code: 'start_failed' });
});
