/** Sends itself the next tick from the handler of the last one, without delay. */
import { concurrent, server, type ServerContext } from '@espalier/core';

interface State {
  ticks: number;
  waiting: (() => void) | undefined;
  wanted: number;
}

export default server({
  init(_: undefined, context): State {
    context.sendAfter(0, context.self, 'tick');
    return { ticks: 0, waiting: undefined, wanted: Infinity };
  },
  calls: {
    ticks: concurrent(async (context: ServerContext<State>, wanted: number) => {
      const { state } = context;
      state.wanted = wanted;
      await new Promise<void>((resolve) => (state.waiting = resolve));
      return state.ticks;
    }),
  },
  info(context) {
    const { state } = context;
    state.ticks++;
    if (state.ticks >= state.wanted) state.waiting?.();
    else if (state.ticks < 100_000) context.sendAfter(0, context.self, 'tick');
  },
});
