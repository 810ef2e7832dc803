/** Reads nothing, and ends at the first exit signal. */
import { environment } from '@espalier/core';

export default environment(async (context) => {
  context.trapExits(true);
  await context.receive({ match: (item) => item.type === 'exit' });
});
