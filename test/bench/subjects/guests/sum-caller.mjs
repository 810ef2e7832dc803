/** Calls the sum server `count` times, `inFlight` at once, and adds up the answers. */
import { server } from '@espalier/core';
import { seconds } from '../../clock.mjs';
import { payload } from '../../payloads.mjs';

export default server({
  calls: {
    /**
     * @param {import('@espalier/core').ServerContext<undefined>} context
     * @param {import('../../payloads.mjs').PayloadName} name @param {number} count @param {number} inFlight
     */
    async run(context, name, count, inFlight) {
      const { build } = payload(name);
      const target = /** @type {import('@espalier/core').Ref<typeof import('./sum-server.mjs')>} */ (
        context.ref('sum')
      );
      let total = 0;
      let next = 0;
      const begin = seconds();
      const lane = async () => {
        while (next < count) {
          // Not `total += await …`: that would read the total before the others have added to it.
          const answer = /** @type {number} */ (await target.call.sum(build(next++)));
          total += answer;
        }
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
      return { seconds: seconds() - begin, sum: total };
    },
  },
});
