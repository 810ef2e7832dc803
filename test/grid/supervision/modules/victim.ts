/** A server that comes to its end in whatever way it is told. A dynamic one takes the name that it is given. */
import { server, type Context, type ServerContext } from '@espalier/core';

const EXITS = {
  normal: { tag: 'normal' },
  shutdown: { tag: 'shutdown' },
  'shutdown with a detail': { tag: 'shutdown', detail: 'x' },
} as const;

/** As ordinary leaks do, a little in each turn: the guard has the time to see it. */
function leak(kept: unknown[]): void {
  kept.push(new Array(20_000).fill(kept.length));
  setTimeout(leak, 1, kept);
}

export default server({
  async init(args: unknown, context: Context) {
    if (typeof args === 'string') await context.register(args);
  },
  casts: {
    end(context: ServerContext<void>, cause: string) {
      if (cause in EXITS) context.exit(EXITS[cause as keyof typeof EXITS]);
      if (cause === 'its heap limit') {
        leak([]);
        return;
      }
      if (cause === 'being unresponsive') for (;;);
      if (cause === 'the exit of its thread') process.exit(3);
      throw new Error(cause);
    },
  },
});
