import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';

interface Said {
  readonly withRoom: { readonly collected: boolean };
  readonly nearlyFull: { readonly collected: boolean; readonly heap: number };
  readonly limit: number;
}

test('guard: who is near V8’s own limit is read, and not asked to collect, which may end the process there', async () => {
  const worker = new Worker(new URL('./guard-tool-fixture.mjs', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 1 },
  });
  const { withRoom, nearlyFull, limit } = await new Promise<Said>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  expect([withRoom.collected, nearlyFull.collected]).toEqual([true, false]);
  expect(nearlyFull.heap).toBeGreaterThan(0.9 * limit);
  await worker.terminate();
});
