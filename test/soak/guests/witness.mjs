/** Hears from every incarnation of every victim what it has received, and watches the order across restarts. */
import { server } from '@espalier/core';
import { Inbox } from './notes.mjs';

export default server({
  init: () => ({ inbox: new Inbox('witness'), receipts: 0 }),
  casts: {
    /** @param {import('@espalier/core').ServerContext<{ inbox: Inbox, receipts: number }>} context @param {string} victim @param {{ from: string, number: number }} note */
    receipt({ state }, victim, note) {
      state.receipts += 1;
      state.inbox.order(victim, note);
    },
  },
  calls: {
    /** @param {import('@espalier/core').ServerContext<{ inbox: Inbox, receipts: number }>} context */
    progress({ state }) {
      return { violations: state.inbox.violations, receipts: state.receipts };
    },
  },
});
