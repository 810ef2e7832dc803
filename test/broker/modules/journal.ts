/** Handles durable messages by writing them into a file, which outlives everybody: one line for each handling. */
import { appendFileSync } from 'node:fs';
import { Refusal, server } from '@espalier/core';
import type { DurableDelivery } from '@espalier/mq-bridge';

interface State {
  readonly file: string;
  readonly life: number;
  count: number;
}

export default server({
  init: ({ file }: { readonly file: string }): State => ({ file, life: process.pid, count: 0 }),
  calls: {
    note: ({ state }, value: unknown, { id, again }: DurableDelivery) => {
      state.count++;
      appendFileSync(state.file, `${JSON.stringify({ value, id, again, life: state.life })}\n`);
    },
    count: ({ state }) => state.count,
    spoil: (_context, _value: unknown, { id }: DurableDelivery) => {
      throw new Refusal(`'${id}' cannot be handled`);
    },
  },
});
