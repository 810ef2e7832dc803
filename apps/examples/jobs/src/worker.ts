/** A worker: sends one mail after the other. It does not catch what a mail does to it: then it ends, and the queue hears of it. */
import { CallError, server } from '@espalier/core';
import type { Mail } from './mail.js';

type Queue = typeof import('./queue.js');
type Gateway = typeof import('./gateway.js');

export default server({
  async init(_args: undefined, context) {
    await context.ref<Queue>('queue').cast.ready(context.self);
  },
  casts: {
    async send(context, hand: number, mail: Mail): Promise<void> {
      const queue = context.ref<Queue>('queue').cast;
      if (!mail.to.includes('@')) throw new Error(`'${mail.to}' is no address`);
      try {
        await queue.done(hand, await context.ref<Gateway>('gateway').call.deliver(mail));
      } catch (error) {
        // The gateway broke down over it, or over another; a call while it is away waits until it is back.
        if (!(error instanceof CallError && error.code === 'down')) throw error;
        await queue.postponed(hand);
      }
    },
  },
});
