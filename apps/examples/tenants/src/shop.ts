/** What a well-behaved tenant offers the front. It asks a service of its own, and counts what it has sold. */
import { concurrent, server, type ServerContext } from '@espalier/core';

interface State {
  readonly greeting: string;
  sold: number;
}

export default server({
  init: ({ greeting }: { greeting: string }): State => ({ greeting, sold: 0 }),
  calls: {
    order: concurrent(async (context: ServerContext<State>, item: string): Promise<string> => {
      const price = await context.call('prices', 'of', [item]);
      context.state.sold++;
      return `${context.state.greeting}: ${item} for ${String(price)}`;
    }),
  },
});
