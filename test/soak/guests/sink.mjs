/** Reads slowly from a small mailbox, so that its overflow policy is at work all the time. */
import { environment } from '@espalier/core';
import { Inbox } from './notes.mjs';

export default environment(async (context) => {
  const inbox = new Inbox('sink');
  let pauses = 0;
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call') {
      item.reply({ violations: inbox.violations, received: inbox.received });
    } else if (item.type === 'cast') {
      inbox.take(/** @type {import('./notes.mjs').Note} */ (item.arguments[0]));
      pauses = (pauses + 1) % 16;
      if (pauses === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
});
