/** Somebody to watch from other hosts. */
import { server } from '@espalier/core';

export default server({
  init: (): null => null,
  calls: { echo: (_context, value: unknown) => value },
});
