/**
 * The queue: hands each mail to one worker at a time, and again to another if that one ends before it is done.
 *
 * What it knows can be lost: after a restart it asks the store. A worker never outlives the queue that gave
 * it its mail (rest_for_one), so no two have the same; and the end of a worker is never heard of before what
 * it had said, so a mail that is done is not handed out again.
 */
import { server, type Address, type Context, type Monitor, type ServerContext } from '@espalier/core';
import type { Mail } from './mail.js';

type Store = typeof import('./store.js');
type Worker = typeof import('./worker.js');

interface Args {
  /** A mail that has failed so often is given up. */
  readonly tries: number;
}

interface Hand {
  readonly address: Address;
  readonly monitor: Monitor;
  mail?: Mail | undefined;
}

interface State {
  readonly tries: number;
  readonly waiting: Mail[];
  /** By a number that the worker is told with each mail. */
  readonly hands: Map<number, Hand>;
  hired: number;
}

const storeOf = (context: Context) => context.ref<Store>('store').call;

export default server({
  async init({ tries }: Args, context): Promise<State> {
    return { tries, waiting: [...(await storeOf(context).open())], hands: new Map(), hired: 0 };
  },
  calls: {
    /** Answered when the store has it. Can be called again: the same id is taken once. */
    async submit(context, mail: Mail): Promise<void> {
      if (!(await storeOf(context).submitted(mail))) return;
      context.state.waiting.push(mail);
      await handOut(context);
    },
  },
  casts: {
    /** A worker has come. */
    async ready(context, address: Address): Promise<void> {
      context.state.hands.set(++context.state.hired, { address, monitor: await context.monitor(address) });
      await handOut(context);
    },

    async done(context, hand: number, receipt: string): Promise<void> {
      const mail = takeBack(context.state, hand);
      if (mail !== undefined) await storeOf(context).settled(mail.id, { receipt });
      await handOut(context);
    },

    /** Through no fault of the mail's: it goes to the end of the line, and no failure is counted. */
    async postponed(context, hand: number): Promise<void> {
      const mail = takeBack(context.state, hand);
      if (mail !== undefined) context.state.waiting.push(mail);
      await handOut(context);
    },
  },
  async info(context, item): Promise<void> {
    if (item.type !== 'down') return;
    const { state } = context;
    const [number] = [...state.hands].find(([, { monitor }]) => monitor === item.monitor) ?? [];
    if (number === undefined) return;
    const mail = takeBack(state, number);
    state.hands.delete(number);
    if (mail !== undefined) {
      const { tag, detail } = item.reason;
      const reason = detail instanceof Error ? detail.message : tag;
      const failures = await storeOf(context).failed(mail.id, reason);
      if (failures < state.tries) state.waiting.push(mail);
      else await storeOf(context).settled(mail.id, { givenUp: reason });
    }
    await handOut(context);
  },
});

function takeBack({ hands }: State, number: number): Mail | undefined {
  const hand = hands.get(number);
  const mail = hand?.mail;
  if (hand !== undefined) hand.mail = undefined;
  return mail;
}

async function handOut(context: ServerContext<State>): Promise<void> {
  const { hands, waiting } = context.state;
  for (const [number, hand] of hands) {
    if (hand.mail !== undefined) continue;
    hand.mail = waiting.shift();
    if (hand.mail === undefined) return;
    await context.ref<Worker>(hand.address).cast.send(number, hand.mail);
  }
}
