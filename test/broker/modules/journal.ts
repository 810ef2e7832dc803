/** Handles durable messages by writing them into a file, which outlives everybody: one line for each handling. */
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Refusal, server } from '@espalier/core';
import type { DurableDelivery } from '@espalier/mq-bridge';

interface State {
  readonly file: string;
  readonly life: number;
  count: number;
}

function write(state: State, value: unknown, { id, again, fence }: DurableDelivery): void {
  state.count++;
  appendFileSync(state.file, `${JSON.stringify({ value, id, again, fence, life: state.life })}\n`);
}

export default server({
  init: ({ file }: { readonly file: string }): State => ({ file, life: process.pid, count: 0 }),
  calls: {
    note: ({ state }, value: unknown, delivery: DurableDelivery) => write(state, value, delivery),
    noteSlowly: async ({ state }, value: unknown, delivery: DurableDelivery) => {
      await setTimeout(10);
      write(state, value, delivery);
    },
    /** Whoever sees that this has begun ends the whole host. */
    end: async ({ state }, value: unknown, delivery: DurableDelivery) => {
      write(state, value, delivery);
      await new Promise(() => undefined);
    },
    /** The first time it is never done with it. */
    stay: async ({ state }, value: unknown, delivery: DurableDelivery) => {
      write(state, value, delivery);
      if (!delivery.again) await new Promise(() => undefined);
    },
    /** The first time it ends the server by it. */
    stumble: ({ state }, value: unknown, delivery: DurableDelivery) => {
      write(state, value, delivery);
      if (!delivery.again) throw new Error(`'${delivery.id}' was too much`);
    },
    count: ({ state }) => state.count,
    spoil: (_context, _value: unknown, { id }: DurableDelivery) => {
      throw new Refusal(`'${id}' cannot be handled`);
    },
  },
});
