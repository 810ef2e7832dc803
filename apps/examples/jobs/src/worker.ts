/** A worker: sends one mail after the other. It does not catch what a mail does to it: then it ends, and the queue hears of it. */
import { setTimeout } from 'node:timers/promises';
import { CallError, server } from '@espalier/core';
import type { Mail } from './mail.js';

type Queue = typeof import('./queue.js');
type Gateway = typeof import('./gateway.js');

/** The gateway broke down over the mail, or over another; or it is on another host, and that is not reached. */
const AWAY = new Set<string>(['down', 'noproc', 'timeout', 'full']);
/** Next door a call waits for who is being restarted; on another host there is nobody meanwhile. */
const AGAIN_MS = 50;

export default server({
  async init(_args: undefined, context) {
    await context.ref<Queue>('queue').cast.ready(context.self);
  },
  casts: {
    async send(context, hand: number, mail: Mail): Promise<void> {
      const queue = context.ref<Queue>('queue').cast;
      if (!mail.to.includes('@')) throw new Error(`'${mail.to}' is no address`);
      let receipt: string;
      try {
        receipt = await context.ref<Gateway>('gateway').call.deliver(mail);
      } catch (error) {
        if (!(error instanceof CallError && AWAY.has(error.code))) throw error;
        await setTimeout(AGAIN_MS);
        return queue.postponed(hand);
      }
      await queue.done(hand, receipt);
    },
  },
});
