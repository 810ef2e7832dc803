import { LoopbackLinks } from '../../src/channel/loopback.js';
import { linkSuite } from './link-suite.js';

linkSuite({
  name: 'loopback link',
  real: false,
  drainsUnread: true,
  pair: async () => {
    const links = new LoopbackLinks();
    const [near, far] = links.pair();
    const turn = async (): Promise<void> => {
      for (const delivery of links.ready()) delivery.deliver();
    };
    return { near, far, turn, maker: links, opener: links };
  },
});
