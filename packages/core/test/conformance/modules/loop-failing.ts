/** A loop that throws before it waits for the first time. */
import { environment } from '@espalier/core';

// eslint-disable-next-line @typescript-eslint/require-await -- an async function that throws at once is the case
export default environment(async () => {
  throw new RangeError('failed before the first wait');
});
