import { server } from '@espalier/core';

export default server({
  init() {
    throw new RangeError('no room');
  },
});
