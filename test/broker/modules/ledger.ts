/** A server that writes down what it is told, in order. */
import { concurrent, Refusal, server } from '@espalier/core';

interface State {
  readonly told: unknown[];
}

export default server({
  init: (): State => ({ told: [] }),
  calls: {
    told: ({ state }) => state.told,
    echo: (_context, value: unknown) => value,
    // Others are served meanwhile, whether or not its caller is still there.
    never: concurrent(() => new Promise(() => undefined)),
    refuse: (_context, why: string) => {
      throw new Refusal(why);
    },
  },
  casts: {
    tell: ({ state }, value: unknown) => {
      state.told.push(value);
    },
    block: () => new Promise<void>(() => undefined),
  },
  info: ({ state }, item) => {
    if (item.type === 'message') state.told.push(item.value);
  },
});
