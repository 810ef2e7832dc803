/** A loop that throws before it waits for the first time. */
import { environment } from '@espalier/core';

export default environment(async () => {
  throw new RangeError('failed before the first wait');
});
