/** What one host offers: prices. */
import { server } from '@espalier/core';

export default server({
  init: () => ({}),
  calls: { of: (_context, /** @type {string} */ item) => `${item} costs 3` },
});
