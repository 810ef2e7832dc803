/** A small server that crashes when it is told to. */
import { server } from '@espalier/core';

export default server({
  casts: {
    crash() {
      throw new Error('as told');
    },
  },
});
