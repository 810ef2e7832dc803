/**
 * Round trip, raw: two bare workers, one MessageChannel, the next ping sent from within the handler of the pong.
 */
import { MessageChannel } from 'node:worker_threads';
import { startThread } from './threads.mjs';

const FILE = new URL('./rtt-thread.mjs', import.meta.url);

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const { port1, port2 } = new MessageChannel();
  const pinger = startThread(FILE, { port: port1 });
  const echo = startThread(FILE, { port: port2 });
  return {
    async run({ payload, count }) {
      await echo.ask({ echo: payload });
      const { seconds, sum } = await pinger.ask({ ping: count, payload });
      const { sum: sumAtEcho } = await echo.ask({ total: true });
      return { count, seconds, sums: [sum, sumAtEcho] };
    },
    async close() {
      await Promise.all([pinger.end(), echo.end()]);
    },
  };
}
