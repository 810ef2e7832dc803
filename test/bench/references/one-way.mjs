/**
 * One way, raw: two bare workers, a MessageChannel between them, `postMessage` at one end and `on('message')` at
 * the other.
 *
 * At its best: the sender does not await anything, since `postMessage` gives nothing to wait for; the receiver takes
 * `on('message')`, which is faster than `addEventListener`.
 */
import { MessageChannel } from 'node:worker_threads';
import { startThread } from './threads.mjs';

const FILE = new URL('./one-way-thread.mjs', import.meta.url);

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const { port1, port2 } = new MessageChannel();
  const sender = startThread(FILE, { role: 'sender', port: port1 });
  const receiver = startThread(FILE, { role: 'receiver', port: port2 });
  return {
    async run({ payload, count }) {
      await receiver.ask({ expect: count, payload });
      const [sent, received] = await Promise.all([
        sender.ask({ send: count, payload }),
        receiver.ask({ total: true }),
      ]);
      return { count, seconds: received.finished - sent.started, sums: [sent.sum, received.sum] };
    },
    async close() {
      await Promise.all([sender.end(), receiver.end()]);
    },
  };
}
