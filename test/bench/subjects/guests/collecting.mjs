/** Collects its heap when asked; each environment of the memory benchmark. */
import { server } from '@espalier/core';

export default server({
  calls: {
    collect() {
      globalThis.gc?.();
      return true;
    },
  },
});
