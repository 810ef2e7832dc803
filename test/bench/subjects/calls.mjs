/** Typed calls of a server in another thread. */
import { startHost } from './host.mjs';

/**
 * @param {number} inFlight
 * @returns {import('../subject.mjs').Open}
 */
export function openCalls(inFlight) {
  return async () => {
    const host = await startHost({
      children: [
        { id: 'sum', module: './sum-server.mjs' },
        { id: 'caller', module: './sum-caller.mjs' },
      ],
    });
    return {
      async run({ payload, count }) {
        await host.call('sum', 'begin', [payload]);
        const answer = await host.call('caller', 'run', [payload, count, inFlight], { timeoutMs: Infinity });
        const { seconds, sum } = /** @type {{ seconds: number, sum: number }} */ (answer);
        const total = /** @type {number} */ (await host.call('sum', 'total', []));
        return { count, seconds, sums: [sum, total] };
      },
      async close() {
        await host.stop();
      },
    };
  };
}
