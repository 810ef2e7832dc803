/** Sends numbers to a durable mailbox, one after the other, and counts those that the broker has. */
import { server } from '@espalier/core';

interface State {
  confirmed: number;
}

/** Of calls that wait for the broker's word. */
const WINDOW = 800;

export default server({
  init: (): State => ({ confirmed: 0 }),
  calls: {
    /** Sends `from`, `from` + 1, … */
    feed: async (context, target: string, from: number, count: number): Promise<void> => {
      let next = from;
      const one = async (): Promise<void> => {
        while (next < from + count) {
          await context.call(target, 'confirmed', ['note', next++], { timeoutMs: Infinity });
          context.state.confirmed++;
        }
      };
      await Promise.all(Array.from({ length: Math.min(WINDOW, count) }, one));
    },
  },
});
