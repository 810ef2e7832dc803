/** Counts. */
import { server, type ServerContext } from '@espalier/core';

export default server({
  init: () => ({ count: 0 }),
  calls: {
    count: (context: ServerContext<{ count: number }>) => context.state.count++,
  },
});
