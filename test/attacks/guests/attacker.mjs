/** Behaves until it is told to attack; its next incarnation behaves again. */
import { concurrent, server } from '@espalier/core';
import { attackWith, caseOf } from '../cases/index.mjs';

/** @typedef {import('@espalier/core').ServerContext<{ name: string, kept: any[] }>} Attacker */

export default server({
  /** @param {string} name of the case */
  init: (name) => ({ name, kept: /** @type {any[]} */ ([]) }),
  calls: {
    ping: () => 'here',
    attack: concurrent(
      /** @param {Attacker} context @param {string} mark */
      (context, mark) =>
        attackWith(caseOf(context.state.name), {
          send: (value) => context.send('deaf', value),
          sendSelf: (value) => context.send(context.self, value),
          kept: context.state.kept,
          mark,
          context,
        }),
    ),
  },
});
