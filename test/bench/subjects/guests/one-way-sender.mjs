/** Sends `count` messages to the receiver, awaiting each. */
import { server } from '@espalier/core';
import { seconds } from '../../clock.mjs';
import { payload } from '../../payloads.mjs';

export default server({
  calls: {
    /** @param {import('@espalier/core').ServerContext<undefined>} context @param {import('../../payloads.mjs').PayloadName} name @param {number} count */
    async run(context, name, count) {
      const { build, sum } = payload(name);
      let total = 0;
      const begin = seconds();
      for (let i = 0; i < count; i++) {
        const message = build(i);
        total += sum(message);
        await context.send('receiver', message);
      }
      return { begin, sum: total };
    },
  },
});
