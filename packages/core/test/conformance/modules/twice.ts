/** A task: its result is the detail of its end. */
import { task } from '@espalier/core';

export default task((n: number) => {
  if (n < 0) throw new RangeError('no negative numbers');
  return n * 2;
});
