/** Receives one by one, and says when the last one had come. */
import { environment } from '@espalier/core';
import { seconds } from '../../clock.mjs';
import { payload } from '../../payloads.mjs';

export default environment(async (context) => {
  for (;;) {
    const order = await context.receive({ match: ({ type }) => type === 'call' });
    if (order.type !== 'call') continue;
    const [name, count] = /** @type {[import('../../payloads.mjs').PayloadName, number]} */ (order.arguments);
    const { sum } = payload(name);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const item = await context.receive();
      if (item.type === 'message') total += sum(item.value);
    }
    order.reply({ end: seconds(), sum: total });
  }
});
