import { expectTypeOf } from 'expect-type';
import { concurrent, server, type Ref, type ServerContext } from '../../src/index.js';

interface State {
  count: number;
}

export const counter = server({
  init: (args: { readonly start: number }) => ({ count: args.start }),
  calls: {
    add(context, by: number) {
      context.state.count += by;
      return context.state.count;
    },
    later: concurrent(async (_context, text: string) => Promise.resolve(text.length)),
    slowly: concurrent(async (context: ServerContext<State>, by: number) =>
      Promise.resolve(context.state.count * by),
    ),
  },
  casts: {
    reset(context, to: number) {
      context.state.count = to;
    },
  },
});

declare const client: Ref<{ default: typeof counter }>;
expectTypeOf(client.call.add).toEqualTypeOf<(by: number) => Promise<number>>();
expectTypeOf(client.call.later).toEqualTypeOf<(text: string) => Promise<number>>();
expectTypeOf(client.call.slowly).toEqualTypeOf<(by: number) => Promise<number>>();
expectTypeOf(client.cast.reset).toEqualTypeOf<(to: number) => Promise<void>>();
expectTypeOf(client.with({ timeoutMs: 1 }).call.add).toEqualTypeOf<(by: number) => Promise<number>>();

// @ts-expect-error: an argument of another type
void client.call.add('1');
// @ts-expect-error: an argument too few
void client.call.add();
// @ts-expect-error: an argument too many
void client.call.add(1, 2);
// @ts-expect-error: no operation of this server
void client.call.subtract(1);
// @ts-expect-error: a cast is no call
void client.call.reset(1);
// @ts-expect-error: a call is no cast
void client.cast.add(1);

server({
  init: () => ({ count: 0 }),
  calls: {
    // @ts-expect-error: the state has no such field
    wrong: (context) => context.state.missing as unknown,
  },
});
