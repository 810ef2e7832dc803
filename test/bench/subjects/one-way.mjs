/** One way, environment to environment, each send awaited, each message received by itself. */
import { startHost } from './host.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const host = await startHost({
    children: [
      { id: 'receiver', module: './one-way-receiver.mjs' },
      { id: 'sender', module: './one-way-sender.mjs' },
    ],
  });
  return {
    async run({ payload, count }) {
      const options = { timeoutMs: Infinity };
      const receiving = host.call('receiver', 'expect', [payload, count], options);
      const sent = /** @type {{ begin: number, sum: number }} */ (
        await host.call('sender', 'run', [payload, count], options)
      );
      const received = /** @type {{ end: number, sum: number }} */ (await receiving);
      return { count, seconds: received.end - sent.begin, sums: [sent.sum, received.sum] };
    },
    async close() {
      await host.stop();
    },
  };
}
