/**
 * A Comlink call, one at a time: two bare workers, the port between them exposed at one end and wrapped at the other.
 */
import { MessageChannel } from 'node:worker_threads';
import { startThread } from './threads.mjs';

const FILE = new URL('./comlink-thread.mjs', import.meta.url);

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const { port1, port2 } = new MessageChannel();
  const server = startThread(FILE, { role: 'server', port: port2 });
  const caller = startThread(FILE, { role: 'caller', port: port1 });
  return {
    async run({ payload, count }) {
      await server.ask({ payload });
      const { seconds, sum } = await caller.ask({ payload, calls: count });
      const { sum: sumAtServer } = await server.ask({ total: true });
      return { count, seconds, sums: [sum, sumAtServer] };
    },
    async close() {
      await Promise.all([caller.end(), server.end()]);
    },
  };
}
