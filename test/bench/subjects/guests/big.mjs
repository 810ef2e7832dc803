/** One of Savina's `big`: pings others at random, one at a time, and answers whoever pings it. */
import { concurrent, server } from '@espalier/core';
import { payload } from '../../payloads.mjs';

const { build, sum } = payload('small');

/** @typedef {{ received: number, pong: (() => void) | undefined }} BigState */
/** @typedef {import('@espalier/core').ServerContext<BigState>} BigContext */

/** @returns {BigState} */
const init = () => ({ received: 0, pong: undefined });

export default server({
  init,
  calls: {
    run: concurrent(
      /** @param {BigContext} context @param {number} self @param {number} size @param {number} pings */
      async (context, self, size, pings) => {
        let state = self + 1;
        let built = 0;
        for (let i = 0; i < pings; i++) {
          // A small generator of its own (Lehmer): the same partners in every run.
          state = (state * 48_271) % 0x7fff_ffff;
          const partner = (self + 1 + (state % (size - 1))) % size;
          const body = build(i);
          built += sum(body);
          const answered = new Promise((resolve) => {
            context.state.pong = () => resolve(undefined);
          });
          await context.send(`big-${partner}`, { from: self, body });
          await answered;
        }
        return built;
      },
    ),
    /** @param {BigContext} context */
    received(context) {
      const { received } = context.state;
      context.state.received = 0;
      return received;
    },
  },
  /** @param {BigContext} context @param {import('@espalier/core').Received} item */
  info(context, item) {
    if (item.type !== 'message') return undefined;
    const { from, body } = /** @type {{ from?: number, body: any }} */ (item.value);
    if (from === undefined) {
      context.state.pong?.();
      return undefined;
    }
    context.state.received += sum(body);
    return context.send(`big-${from}`, { pong: true });
  },
});
