import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { PortLink, portLinks } from '../../src/threads/port-link.js';
import { linkSuite } from '../channel/link-suite.js';

linkSuite({
  name: 'port link',
  real: true,
  drainsUnread: true,
  pair: async () => {
    const { port1, port2 } = new MessageChannel();
    const near = new PortLink(port1);
    const far = new PortLink(port2, { takesEnds: true });
    return { near, far, turn: () => nextTurn(), maker: portLinks, opener: portLinks };
  },
});
