/** The gateway: somebody else's, and not to be relied on. After so many mails its connection breaks, and it with it. */
import { setTimeout } from 'node:timers/promises';
import { concurrent, server, type ServerContext } from '@espalier/core';
import type { Mail } from './mail.js';

interface Args {
  readonly mailsPerConnection: number;
}

interface State extends Args {
  delivered: number;
}

const LATENCY_MS = 10;

export default server({
  init: (args: Args): State => ({ ...args, delivered: 0 }),
  calls: {
    /** A receipt. */
    deliver: concurrent(async ({ state }: ServerContext<State>, mail: Mail): Promise<string> => {
      if (state.delivered++ === state.mailsPerConnection) throw new Error('connection reset');
      await setTimeout(LATENCY_MS);
      return `250 ${mail.id}`;
    }),
  },
});
