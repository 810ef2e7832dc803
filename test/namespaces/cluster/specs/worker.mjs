/** Does durable work, and remembers what it has done, with the number of the term in which that was. */
import { server } from '@espalier/core';

export default server({
  init: () => ({ done: /** @type {{ job: string, fence: number | undefined }[]} */ ([]) }),
  calls: {
    do: ({ state }, /** @type {string} */ job, /** @type {{ fence: number | undefined }} */ { fence }) => {
      state.done.push({ job, fence });
    },
    done: ({ state }) => state.done,
  },
});
