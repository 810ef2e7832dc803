/** Ping-pong between two environments: `ping` drives, `echo` answers. */
import { environment } from '@espalier/core';
import { seconds } from '../../clock.mjs';
import { payload } from '../../payloads.mjs';

export default environment(async (context) => {
  for (;;) {
    const order = await context.receive({ match: ({ type }) => type === 'call' });
    if (order.type !== 'call') continue;
    const [name, count, peer] = /** @type {[import('../../payloads.mjs').PayloadName, number, string]} */ (
      order.arguments
    );
    const { build, sum } = payload(name);
    const driving = order.operation === 'ping';
    let total = 0;
    const begin = seconds();
    for (let i = 0; i < count; i++) {
      if (driving) await context.send(peer, build(i));
      const item = await context.receive();
      if (item.type === 'message') total += sum(item.value);
      if (!driving) await context.send(peer, build(i));
    }
    order.reply({ seconds: seconds() - begin, sum: total });
  }
});
