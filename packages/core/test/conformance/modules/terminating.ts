/** Tells its watcher how it is stopped. */
import { server, type Address } from '@espalier/core';

export default server({
  init: () => ({ watcher: undefined as Address | undefined }),
  calls: {
    watch(context, watcher: Address) {
      context.state.watcher = watcher;
    },
  },
  async terminate(context, reason) {
    if (context.state.watcher !== undefined)
      await context.send(context.state.watcher, { terminated: reason.tag });
  },
});
