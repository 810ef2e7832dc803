/** Waits for messages for ever. */
import { environment } from '@espalier/core';

export default environment(async (context) => {
  for (;;) await context.receive();
});
