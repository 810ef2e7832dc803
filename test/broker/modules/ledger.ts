/** A server that writes down what it is told, in order. */
import { server } from '@espalier/core';

interface State {
  readonly told: unknown[];
  readonly again: string[];
}

export default server({
  init: (): State => ({ told: [], again: [] }),
  calls: {
    told: ({ state }) => state.told,
    echo: (_context, value: unknown) => value,
    never: () => new Promise(() => undefined),
    /** Of a durable mailbox. */
    note: ({ state }, value: unknown) => {
      state.told.push(value);
    },
  },
  casts: {
    tell: ({ state }, value: unknown) => {
      state.told.push(value);
    },
  },
  info: ({ state }, item) => {
    if (item.type === 'message') state.told.push(item.value);
  },
});
