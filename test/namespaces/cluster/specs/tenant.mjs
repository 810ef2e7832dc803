/** A tenant's service: it says whose it is, does durable work, and asks others by the names that it has. */
import { server } from '@espalier/core';

export default server({
  init: (/** @type {string} */ whose) => ({ whose, done: /** @type {string[]} */ ([]) }),
  calls: {
    whose: ({ state }) => state.whose,
    do: ({ state }, /** @type {string} */ job) => {
      state.done.push(job);
    },
    done: ({ state }) => state.done,
    /** What comes of a call, as who made it sees it. */
    ask: async (
      context,
      /** @type {string} */ name,
      /** @type {string} */ operation,
      /** @type {unknown[]} */ ...parameters
    ) => {
      try {
        return { value: await context.call(name, operation, parameters) };
      } catch (error) {
        const { code, message } = /** @type {{ code: string, message: string }} */ (error);
        return { code, message: message.replaceAll(name, 'it') };
      }
    },
  },
});
