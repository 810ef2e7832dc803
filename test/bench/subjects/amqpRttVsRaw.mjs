/** Typed calls of a server on another host, one after the other. */
import { openPair } from './amqp.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const pair = await openPair({ name: 'sum', module: './sum-server.mjs', sender: './sum-caller.mjs' });
  return {
    async run({ payload, count }) {
      await pair.there.call('sum', 'begin', [payload]);
      const answer = await pair.here.call('sender', 'run', [payload, count, 1], { timeoutMs: Infinity });
      const { seconds, sum } = /** @type {{ seconds: number, sum: number }} */ (answer);
      const total = /** @type {number} */ (await pair.there.call('sum', 'total', []));
      return { count, seconds, sums: [sum, total] };
    },
    close: () => pair.close(),
  };
}
