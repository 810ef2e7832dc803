/** Sends to itself without reading in between. */
import { server } from '@espalier/core';

export default server({
  init: () => ({ read: 0 }),
  calls: {
    async flood(context, count: number) {
      let [accepted, refused] = [0, 0];
      for (let n = 0; n < count; n++) {
        await context.send(context.self, n).then(
          () => accepted++,
          () => refused++,
        );
      }
      return { accepted, refused, read: context.state.read };
    },
    read: (context): number => context.state.read,
  },
  info(context) {
    context.state.read++;
  },
});
