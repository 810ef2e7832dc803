/** On each cast it sends a burst to its partner in the handler: two of them with full mailboxes wait for each other. */
import { server } from '@espalier/core';

export default server({
  init: (partner: string) => ({ partner, refused: [] as string[], sent: 0 }),
  casts: {
    async burst(context, count: number) {
      const { state } = context;
      for (let n = 0; n < count; n++) {
        try {
          await context.send(state.partner, n);
          state.sent++;
        } catch (error) {
          state.refused.push((error as { code: string }).code);
        }
      }
    },
  },
  calls: { report: (context) => ({ refused: context.state.refused, sent: context.state.sent }) },
});
