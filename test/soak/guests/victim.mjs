/** Serves, tells the witness what it receives, and dies as it is told. */
import { concurrent, server } from '@espalier/core';
import { sumOf } from './notes.mjs';

/** @typedef {import('./notes.mjs').Note} Note */
/** @typedef {import('@espalier/core').ServerContext<{ name: string, held: unknown[] }>} Victim */

/** @param {Victim} context @param {Note} note */
function receipt(context, { from, number }) {
  return context.cast('witness', 'receipt', [context.state.name, { from, number }]);
}

export default server({
  /** @param {string} name */
  init: (name) => ({ name, held: /** @type {unknown[]} */ ([]) }),
  calls: {
    echo: concurrent(
      /** @param {Victim} context @param {Note} note */
      async (context, note) => {
        await receipt(context, note);
        return `${note.number}:${sumOf(note.body)}`;
      },
    ),
  },
  casts: {
    /** @param {Victim} context @param {Note} note */
    note: (context, note) => receipt(context, note),
    /** @param {Victim} context @param {import('../cast.mjs').Crash} how */
    async die(context, how) {
      if (how === 'throw') throw new Error('as told');
      if (how === 'exit') context.exit({ tag: 'shutdown' });
      if (how === 'reject') void Promise.reject(new Error('as told, by nobody heard'));
      for (; how === 'loop';);
      while (how === 'heap') {
        // In small steps with turns between them: a jump over V8's own limit would end the process, by design.
        for (let n = 0; n < 100; n++) context.state.held.push(new Array(1000).fill(n));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
});
