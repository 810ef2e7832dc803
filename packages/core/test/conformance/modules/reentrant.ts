/** Sends to itself in a handler that is not async, and writes down what runs when. */
import { server } from '@espalier/core';

export default server({
  init: () => ({ log: [] as string[] }),
  calls: {
    run(context): string[] {
      const { log } = context.state;
      log.push('before');
      void context.send(context.self, 'one');
      void context.send(context.self, 'two');
      log.push('after');
      return [...log];
    },
    log: (context): string[] => context.state.log,
  },
  info(context, item) {
    if (item.type === 'message') context.state.log.push(`info ${String(item.value)}`);
  },
});
