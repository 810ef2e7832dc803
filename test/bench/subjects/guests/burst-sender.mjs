/** Sends `count` messages to the receiver, `burst` of them a turn: the next burst when there was room for the last. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { server } from '@espalier/core';
import { seconds } from '../../clock.mjs';
import { payload } from '../../payloads.mjs';

export default server({
  calls: {
    /**
     * @param {import('@espalier/core').ServerContext<undefined>} context
     * @param {import('../../payloads.mjs').PayloadName} name @param {number} count @param {number} burst
     */
    async run(context, name, count, burst) {
      const { build, sum } = payload(name);
      let total = 0;
      const begin = seconds();
      for (let i = 0; i < count;) {
        const sends = [];
        for (let n = 0; n < burst && i < count; n += 1, i += 1) {
          const message = build(i);
          total += sum(message);
          sends.push(context.send('receiver', message));
        }
        await Promise.all(sends);
        await nextTurn();
      }
      return { begin, sum: total };
    },
  },
});
