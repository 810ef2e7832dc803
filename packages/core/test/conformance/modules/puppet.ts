/**
 * An environment that does what a test tells it, and keeps what arrives. `perform` carries out all its
 * steps in one turn, awaits what they gave, and answers with one outcome for each.
 */
import {
  concurrent,
  server,
  type Address,
  type Context,
  type Destination,
  type Exit,
  type Monitor,
  type Received,
  type ServerContext,
  type TimerHandle,
} from '@espalier/core';

export type Item =
  | { readonly type: 'message'; readonly value: unknown }
  | { readonly type: 'cast'; readonly operation: string; readonly arguments: readonly unknown[] }
  | { readonly type: 'down'; readonly monitor: number; readonly reason: { tag: string; detail?: unknown } }
  | {
      readonly type: 'exit';
      readonly from: Address | undefined;
      readonly reason: { tag: string; detail?: unknown };
    };

/** An operation and its arguments; the target `'@self'` is the puppet itself. */
export type Step = readonly [operation: string, ...parameters: unknown[]];

export type Outcome =
  | { readonly value: unknown }
  | { readonly code: string; readonly message: string; readonly reason?: unknown; readonly cause?: unknown };

interface State {
  readonly items: Item[];
  readonly monitors: Monitor[];
  readonly timers: TimerHandle[];
  waiting: { count: number; resolve: (items: readonly Item[]) => void }[];
}

function where(context: Context, target: unknown): Destination {
  return target === '@self' ? context.self : (target as Destination);
}

function step(context: ServerContext<State>, [operation, ...given]: Step): unknown {
  const { state } = context;
  const [first, second, third, fourth] = given;
  switch (operation) {
    case 'send':
      return context.send(where(context, first), second, third as object | undefined);
    case 'sendMany': {
      const sends = [];
      for (let n = 0; n < (second as number); n++) sends.push(context.send(where(context, first), n));
      return Promise.all(sends).then(() => undefined);
    }
    case 'sendChanging': {
      const value = { list: [1], n: 1 };
      const one = context.send(where(context, first), value);
      value.list.push(2);
      value.n = 2;
      const two = context.send(where(context, first), value);
      value.n = 3;
      return Promise.all([one, two]).then(() => undefined);
    }
    case 'sendTransferring': {
      const buffer = new ArrayBuffer(second as number);
      new Uint8Array(buffer).fill(7);
      const sent = context.send(where(context, first), { buffer }, { transfer: [buffer] });
      const left = buffer.byteLength;
      return sent.then(() => left);
    }
    case 'sendBytes':
      return context.send(where(context, first), new Uint8Array(second as number));
    case 'cast':
      return context.cast(where(context, first), second as string, third as unknown[]);
    case 'call':
      return context.call(
        where(context, first),
        second as string,
        third as unknown[],
        fourth as object | undefined,
      );
    case 'callAborting': {
      const controller = new AbortController();
      const call = context.call(where(context, first), second as string, [], { signal: controller.signal });
      controller.abort('enough');
      return call;
    }
    case 'sendAfter':
      return state.timers.push(context.sendAfter(first as number, where(context, second), third)) - 1;
    case 'cancel':
      return state.timers[first as number]?.cancel();
    case 'monitor':
      return context.monitor(where(context, first)).then((monitor) => state.monitors.push(monitor) - 1);
    case 'demonitor':
      context.demonitor(state.monitors[first as number] as Monitor);
      return undefined;
    case 'link':
      context.link(first as Address);
      return undefined;
    case 'unlink':
      return context.unlink(first as Address);
    case 'trapExits':
      context.trapExits(first as boolean);
      return undefined;
    case 'sendExit':
      context.sendExit(where(context, first), second as Exit);
      return undefined;
    case 'kill':
      context.kill(where(context, first));
      return undefined;
    case 'exit':
      return context.exit(first as Exit);
    case 'register':
      return context.register(first as string);
    case 'unregister':
      return context.unregister(first as string);
    case 'whereis':
      return context.whereis(first as string);
    case 'self':
      return context.self;
    case 'spawn':
      return context
        .spawn(first as { module: string }, second as object | undefined)
        .then(({ address, monitor }) => {
          if (monitor !== undefined) state.monitors.push(monitor);
          return address;
        });
    default:
      throw new TypeError(`a puppet has no '${operation}'`);
  }
}

async function outcome(result: unknown): Promise<Outcome> {
  try {
    return { value: await result };
  } catch (error) {
    const { code, message, reason, cause } = error as Record<string, unknown>;
    return { code: String(code), message: String(message), reason, cause };
  }
}

export default server({
  init: (): State => ({ items: [], monitors: [], timers: [], waiting: [] }),
  calls: {
    perform: concurrent(async (context: ServerContext<State>, steps: readonly Step[]): Promise<Outcome[]> => {
      const results = steps.map((one) => step(context, one));
      return Promise.all(results.map(outcome));
    }),
    /** Everything that has arrived, as soon as it is so much. */
    items: concurrent(
      (context: ServerContext<State>, count: number) =>
        new Promise<readonly Item[]>((resolve) => {
          const { items, waiting } = context.state;
          if (items.length >= count) resolve(items);
          else waiting.push({ count, resolve });
        }),
    ),
    state: (context): unknown => context.state.items.length,
  },
  casts: {
    perform(context, steps: readonly Step[]) {
      for (const one of steps) step(context, one);
    },
  },
  info(context, item: Received) {
    const { state } = context;
    if (item.type === 'down')
      state.items.push({ type: 'down', monitor: state.monitors.indexOf(item.monitor), reason: item.reason });
    else if (item.type !== 'call') state.items.push(item);
    const { items } = state;
    state.waiting = state.waiting.filter(({ count, resolve }) => {
      if (items.length < count) return true;
      resolve(items);
      return false;
    });
  },
});
