/** Handles durable messages by writing them into a file, which outlives everybody: one line for each handling. */
import { appendFileSync } from 'node:fs';
import { Refusal, server } from '@espalier/core';
import type { DurableDelivery } from '@espalier/mq-bridge';

interface State {
  readonly file: string;
  readonly life: number;
}

export default server({
  init: ({ file }: { readonly file: string }): State => ({ file, life: process.pid }),
  calls: {
    note: ({ state }, value: unknown, { id, again }: DurableDelivery) => {
      appendFileSync(state.file, `${JSON.stringify({ value, id, again, life: state.life })}\n`);
    },
    spoil: (_context, _value: unknown, { id }: DurableDelivery) => {
      throw new Refusal(`'${id}' cannot be handled`);
    },
  },
});
