/** A message and its answer between two environments. */
import { startHost } from './host.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const host = await startHost({
    children: [
      { id: 'echo', module: './rtt.mjs' },
      { id: 'pinger', module: './rtt.mjs' },
    ],
  });
  return {
    async run({ payload, count }) {
      const options = { timeoutMs: Infinity };
      const echo = host.call('echo', 'echo', [payload, count, 'pinger'], options);
      const pinged = /** @type {{ seconds: number, sum: number }} */ (
        await host.call('pinger', 'ping', [payload, count, 'echo'], options)
      );
      const echoed = /** @type {{ sum: number }} */ (await echo);
      return { count, seconds: pinged.seconds, sums: [pinged.sum, echoed.sum] };
    },
    async close() {
      await host.stop();
    },
  };
}
