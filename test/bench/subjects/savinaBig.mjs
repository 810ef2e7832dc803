/** Savina's big: environments that ping each other at random, many at a time. */
import { seconds } from '../clock.mjs';
import { BIG_SIZE } from '../catalogue.mjs';
import { startHost } from './host.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const ids = Array.from({ length: BIG_SIZE }, (_, n) => `big-${n}`);
  const host = await startHost({ children: ids.map((id) => ({ id, module: './big.mjs' })) });
  return {
    async run({ count }) {
      const pings = count / (2 * BIG_SIZE);
      const started = seconds();
      const running = ids.map((id, self) =>
        host.call(id, 'run', [self, BIG_SIZE, pings], { timeoutMs: Infinity }),
      );
      const built = /** @type {number[]} */ (await Promise.all(running));
      const elapsed = seconds() - started;
      const received = /** @type {number[]} */ (
        await Promise.all(ids.map((id) => host.call(id, 'received', [])))
      );
      return { count, seconds: elapsed, sums: [total(built), total(received)] };
    },
    async close() {
      await host.stop();
    },
  };
}

/** @param {readonly number[]} numbers */
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
