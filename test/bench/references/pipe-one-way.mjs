/** One way over one pipe between the main threads of two processes, in batches of as many messages as ours. */
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { startPipeProcess } from './pipe-processes.mjs';

export const BATCH = 128;

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const { pipe, end } = startPipeProcess();
  return {
    async run({ payload: name, count }) {
      const { build, sum } = payload(name);
      pipe.send({ role: 'collect', payload: name, count });
      const received = pipe.next();
      let total = 0;
      const started = seconds();
      for (let i = 0; i < count;) {
        const batch = [];
        for (; batch.length < BATCH && i < count; i += 1) {
          const message = build(i);
          total += sum(message);
          batch.push(message);
        }
        // All that is waited for is room.
        if (!pipe.send(batch)) await pipe.drained();
      }
      const { finished, sum: sumAtEnd } = await received;
      return { count, seconds: finished - started, sums: [total, sumAtEnd] };
    },
    close: end,
  };
}
