/** Never finishes what it is asked to handle, and has something to put in order at its end. */
import { server, type Address } from '@espalier/core';

export default server({
  calls: {
    async hangTelling(context, who: Address) {
      await context.send(who, 'hanging');
      await new Promise(() => undefined);
    },
  },
  terminate: () => undefined,
});
