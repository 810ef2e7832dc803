/** Reads nothing until it gets an exit signal, which needs no room; then answers `taken` with what it has read. */
import { environment } from '@espalier/core';

export default environment(async (context) => {
  context.trapExits(true);
  const first = await context.receive({ match: (item) => item.type === 'exit' });
  if (first.type === 'exit' && first.from === undefined) return;
  const taken: unknown[] = [];
  for (;;) {
    const item = await context.receive();
    if (item.type === 'message') taken.push(item.value);
    else if (item.type === 'cast') taken.push(item.operation);
    else if (item.type === 'call') item.reply(taken);
    else if (item.type === 'exit' && item.from === undefined) return;
  }
});
