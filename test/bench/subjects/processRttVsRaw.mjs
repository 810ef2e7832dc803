/** A message and its answer between the application and an environment's thread in a cell. */
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { startCells } from './host.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const host = await startCells({ children: [{ id: 'echo', module: './rtt.mjs' }] });
  const { context } = host;
  return {
    async run({ payload: name, count }) {
      const { build, sum } = payload(name);
      const options = { timeoutMs: Infinity };
      const echo = context.call('echo', 'echo', [name, count, context.self], options);
      let total = 0;
      const started = seconds();
      for (let i = 0; i < count; i += 1) {
        await context.send('echo', build(i));
        const item = await context.receive();
        if (item.type === 'message') total += sum(item.value);
      }
      const elapsed = seconds() - started;
      const echoed = /** @type {{ sum: number }} */ (await echo);
      return { count, seconds: elapsed, sums: [total, echoed.sum] };
    },
    async close() {
      await host.stop();
    },
  };
}
