/** Round trip over one pipe between the main threads of two processes, the next ping sent from the handler of the pong. */
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { startPipeProcess } from './pipe-processes.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const { pipe, end } = startPipeProcess();
  return {
    async run({ payload: name, count }) {
      const { build, sum } = payload(name);
      pipe.send({ role: 'echo', payload: name, count });
      let i = 0;
      let total = 0;
      const started = seconds();
      const { elapsed, far } = await new Promise((resolve) => {
        pipe.receive((message) => {
          total += sum(message);
          i += 1;
          if (i < count) pipe.send(build(i));
          else resolve({ elapsed: seconds() - started, far: pipe.next() });
        });
        pipe.send(build(0));
      });
      const { sum: sumAtEcho } = await far;
      return { count, seconds: elapsed, sums: [total, sumAtEcho] };
    },
    close: end,
  };
}
