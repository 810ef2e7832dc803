/** Holds the durable name: writes down each handling as it begins, into a file that all hosts share. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { server } from '@espalier/core';
import type { DurableDelivery } from '@espalier/mq-bridge';

interface State {
  readonly file: string;
  /** Which life of which host. */
  readonly life: string;
  /** How long a handling takes. */
  paceMs: number;
}

export default server({
  init: (state: State): State => state,
  calls: {
    note: async ({ state }, value: unknown, { id, again, fence }: DurableDelivery): Promise<void> => {
      const line = { at: Date.now(), value, id, again, fence, life: state.life };
      // One write in append mode: lines of all hosts stand in the order in which they began.
      appendFileSync(state.file, `${JSON.stringify(line)}\n`);
      await sleep(state.paceMs);
    },
    pace: ({ state }, ms: number): void => {
      state.paceMs = ms;
    },
  },
});
