import { linkSuite } from '../channel/link-suite.js';
import { pipePair } from './pipe-fixture.js';

linkSuite({ name: 'the control link of a pipe', real: true, drainsUnread: false, pair: () => pipePair() });

linkSuite({
  name: 'the control link of a pipe, the other way',
  real: true,
  drainsUnread: false,
  pair: async () => {
    const pair = await pipePair({ takesEnds: true });
    return { ...pair, near: pair.far, far: pair.near, maker: pair.child, opener: pair.parent };
  },
});
