/** Holds the durable name: writes down each handling as it begins, into a file that all hosts share. */
import { appendFileSync } from 'node:fs';
import { server } from '@espalier/core';
import type { DurableDelivery } from '@espalier/mq-bridge';

interface State {
  readonly file: string;
  /** Which life of which host. */
  readonly life: string;
}

export default server({
  init: (state: State): State => state,
  calls: {
    note: ({ state }, value: unknown, { id, again, fence }: DurableDelivery) => {
      // One write in append mode: lines of all hosts stand in the order in which they began.
      appendFileSync(state.file, `${JSON.stringify({ value, id, again, fence, life: state.life })}\n`);
    },
  },
});
