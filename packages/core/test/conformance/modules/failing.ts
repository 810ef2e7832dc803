/** Starts that do not succeed, each in its way. */
import { IGNORE, server } from '@espalier/core';

export default server({
  async init(how: string | undefined, context) {
    switch (how) {
      case 'ignore':
        return IGNORE;
      case 'later':
        await Promise.resolve();
        throw new RangeError('init failed later');
      case 'exit':
        return context.exit({ tag: 'shutdown', detail: 'no need' });
      default:
        throw new RangeError('init failed');
    }
  },
});
