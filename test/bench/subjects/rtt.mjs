/**
 * A message and its answer between two environments.
 *
 * @param {(spec: import('@espalier/supervisor').TreeSpec) => Promise<import('@espalier/supervisor').Host>} startHost
 * @param {{ readonly wall?: 'process' }} [around] what stands around each of the two
 * @returns {Promise<import('../subject.mjs').Side>}
 */
export async function openRtt(startHost, around = {}) {
  const host = await startHost({
    children: [
      { id: 'echo', module: './rtt.mjs', ...around },
      { id: 'pinger', module: './rtt.mjs', ...around },
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
