/** Where tenants may leave a word. It can do without any of them. */
import { server } from '@espalier/core';

export default server({
  init: () => ({ words: 0 }),
  casts: {
    word({ state }) {
      state.words++;
    },
  },
  calls: {
    words: ({ state }): number => state.words,
  },
});
