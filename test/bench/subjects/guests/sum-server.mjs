/** Answers each call with the sum of the payload, and keeps the total. */
import { server } from '@espalier/core';
import { payload } from '../../payloads.mjs';

/** @typedef {import('@espalier/core').ServerContext<{ sum: (message: any) => number, total: number }>} SumContext */

export default server({
  init: () => ({ sum: payload('small').sum, total: 0 }),
  calls: {
    /** @param {SumContext} context @param {unknown} message */
    sum(context, message) {
      const { state } = context;
      const sum = state.sum(message);
      state.total += sum;
      return sum;
    },
    /** @param {SumContext} context @param {import('../../payloads.mjs').PayloadName} name */
    begin(context, name) {
      Object.assign(context.state, { sum: payload(name).sum, total: 0 });
    },
    /** @param {SumContext} context */
    total: (context) => context.state.total,
  },
});
