/** One of those that make the load, and that must survive it: see load.mjs for what it does. */
import { concurrent, server } from '@espalier/core';
import { Children } from './children.mjs';
import { Load } from './load.mjs';
import { Inbox, sumOf } from './notes.mjs';
import { Outbox } from './outbox.mjs';
import { Watches } from './watches.mjs';

/** @typedef {import('./notes.mjs').Note} Note */
/** @typedef {{ name: string, inbox: Inbox, outbox: Outbox, children: Children, watches: Watches }} State */
/** @typedef {import('@espalier/core').ServerContext<State>} Peer */

export default server({
  /** @param {string} name @param {import('@espalier/core').Context} context @returns {State} */
  init(name, context) {
    context.trapExits(true);
    const outbox = new Outbox(name, context);
    return {
      name,
      inbox: new Inbox(name),
      outbox,
      children: new Children(name, context, outbox),
      watches: new Watches(name, context, outbox),
    };
  },
  calls: {
    /** Makes load for so long; resolves when everything it began has ended. */
    load: concurrent(
      /** @param {Peer} context @param {number} seed @param {number} forMs */
      async ({ state }, seed, forMs) => {
        await new Load(state, seed, forMs).run();
      },
    ),
    /** Is behind everything that was sent to anybody who survives. */
    settle: concurrent(
      /** @param {Peer} context */
      ({ state }) => state.outbox.settle(),
    ),
    echo: concurrent(
      /** @param {Peer} context @param {Note} note */
      async ({ state }, note) => {
        state.inbox.take(note, true);
        return `${note.number}:${sumOf(note.body)}`;
      },
    ),
    /** Uses an address that somebody else has passed on. */
    visit: concurrent(
      /** @param {Peer} context @param {import('@espalier/core').Address} address @param {number} nonce */
      async (context, address, nonce) => context.call(address, 'hello', [nonce], { timeoutMs: 20_000 }),
    ),
    progress: concurrent(
      /** @param {Peer} context */
      async ({ state: { inbox, outbox, children } }) => ({
        violations: [...inbox.violations, ...outbox.violations, ...outbox.overdue()],
        received: inbox.received,
        sent: outbox.sent,
        marksDropped: outbox.marksDropped,
        refused: outbox.refused,
        calls: outbox.calls,
        spawned: children.spawned,
      }),
    ),
  },
  casts: {
    /** @param {Peer} context @param {Note} note */
    note({ state }, note) {
      state.inbox.take(note);
    },
  },
  /** @param {Peer} context @param {import('@espalier/core').Received} item */
  info({ state: { children, watches } }, item) {
    if (item.type === 'message') {
      children.word(/** @type {{ child: number, word: number }} */ (item.value));
    } else if (item.type === 'exit') children.exit(item);
    else if (item.type === 'down' && !children.down(item)) watches.down(item);
  },
});
