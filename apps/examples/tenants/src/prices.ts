/** Prices of a tenant: of no concern to anybody else. */
import { server } from '@espalier/core';

export default server({
  init: ({ currency }: { currency: string }) => ({ currency }),
  calls: {
    of: ({ state }, item: string): string => `${String(item.length * 100)} ${state.currency}`,
  },
});
