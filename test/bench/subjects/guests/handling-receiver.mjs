/** Handles what a durable mailbox brings, one by one, and says when the last one was handled. */
import { concurrent, server } from '@espalier/core';
import { seconds } from '../../clock.mjs';
import { payload } from '../../payloads.mjs';

/** @typedef {{ sum: (message: any) => number, left: number, total: number, done: ((result: object) => void) | undefined }} State */
/** @typedef {import('@espalier/core').ServerContext<State>} Handling */

export default server({
  init: () => /** @type {State} */ ({ sum: payload('small').sum, left: 0, total: 0, done: undefined }),
  calls: {
    expect: concurrent(
      /** @param {Handling} context @param {import('../../payloads.mjs').PayloadName} name @param {number} count */
      (context, name, count) =>
        new Promise((resolve) => {
          Object.assign(context.state, { sum: payload(name).sum, left: count, total: 0, done: resolve });
        }),
    ),
    /** @param {Handling} context @param {unknown} value */
    message({ state }, value) {
      state.total += state.sum(value);
      state.left -= 1;
      if (state.left === 0) state.done?.({ end: seconds(), sum: state.total });
    },
  },
});
