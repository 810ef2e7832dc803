/** Is spawned, answers visitors, and when it gets its orders says its last words and ends. */
import { environment } from '@espalier/core';

/** @typedef {'normal' | 'throw' | 'exit' | 'wait' | 'loop'} End */

export default environment(async (context) => {
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call') item.reply(`here, ${String(item.arguments[0])}`);
    if (item.type !== 'message') continue;
    const { home, id, words, end } =
      /** @type {{ home: import('@espalier/core').Address, id: number, words: number, end: End }} */ (
        item.value
      );
    for (let word = 1; word <= words; word++) await context.send(home, { child: id, word });
    if (end === 'normal') return;
    if (end === 'throw') throw new Error('as told');
    if (end === 'exit') context.exit({ tag: 'shutdown' });
    // The words leave after the turn; an endless loop would keep them.
    await new Promise((resolve) => setImmediate(resolve));
    for (; end === 'loop';);
  }
});
