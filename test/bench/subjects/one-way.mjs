/** One way, environment to environment, each send awaited, each message received by itself. */
import { startHost } from './host.mjs';

/** @type {import('../subject.mjs').Open} */
export const open = () => openOneWay(startHost);

/**
 * @param {(spec: import('@espalier/supervisor').TreeSpec) => Promise<import('@espalier/supervisor').Host>} start
 * @param {{ readonly wall?: 'process' }} [around] what stands around each of the two
 * @returns {Promise<import('../subject.mjs').Side>}
 */
export async function openOneWay(start, around = {}) {
  const host = await start({
    children: [
      { id: 'receiver', module: './one-way-receiver.mjs', ...around },
      { id: 'sender', module: './one-way-sender.mjs', ...around },
    ],
  });
  return {
    run: (work) => runOneWay(host.context, work),
    async close() {
      await host.stop();
    },
  };
}

/**
 * @param {import('@espalier/core').Context} context that of the application
 * @param {import('../subject.mjs').Work} work
 * @returns {Promise<import('../subject.mjs').Measured>}
 */
export async function runOneWay(context, { payload, count }) {
  const options = { timeoutMs: Infinity };
  const receiving = context.call('receiver', 'expect', [payload, count], options);
  const sent = /** @type {{ begin: number, sum: number }} */ (
    await context.call('sender', 'run', [payload, count], options)
  );
  const received = /** @type {{ end: number, sum: number }} */ (await receiving);
  return { count, seconds: received.end - sent.begin, sums: [sent.sum, received.sum] };
}
