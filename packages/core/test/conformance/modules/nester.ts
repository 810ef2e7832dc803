/** Spawns a chain of itself, so many levels deep. */
import { server } from '@espalier/core';

export default server({
  async init(depth: number, context) {
    if (depth > 0) await context.spawn({ module: './nester.ts', args: depth - 1 });
    return { depth };
  },
  calls: {
    crash(): never {
      throw new Error('crashed');
    },
  },
});
