/**
 * Raw amqplib between two bare workers, a connection each; bodies are JSON. At its best: without confirms nothing is
 * acknowledged, with them as many messages are under way as a bridge has at most.
 */
import { MessageChannel } from 'node:worker_threads';
import { openBroker } from '../broker.mjs';
import { startThread } from './threads.mjs';

const FILE = new URL('./amqp-thread.mjs', import.meta.url);

/**
 * @param {'transient' | 'durable' | 'rpc'} mode
 * @param {number} burst messages of one turn
 * @returns {import('../subject.mjs').Open}
 */
export function openRaw(mode, burst) {
  return async () => {
    const broker = await openBroker();
    const { url } = broker;
    const queue = `raw-${mode}-${process.pid}-${burst}`;
    // The threads have nothing to say to each other but by the broker.
    const [receiver, sender] = ['receiver', 'sender'].map((role) =>
      startThread(FILE, { role, url, queue, mode, burst, port: new MessageChannel().port1 }),
    );
    if (receiver === undefined || sender === undefined) throw new Error('unreachable');
    await receiver.ask({ open: true });
    await sender.ask({ open: true });
    return {
      async run({ payload, count }) {
        await receiver.ask({ expect: count, payload });
        const [sent, received] = await Promise.all([
          sender.ask({ send: count, payload }),
          receiver.ask({ total: true }),
        ]);
        const seconds = mode === 'rpc' ? sent.finished - sent.started : received.finished - sent.started;
        return { count, seconds, sums: [sent.sum, received.sum] };
      },
      async close() {
        await Promise.all([sender.end(), receiver.end()]);
        await broker.end();
      },
    };
  };
}
