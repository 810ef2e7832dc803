/** What somebody can find out who holds nothing but names. */
import { server, type CallError, type ServerContext } from '@espalier/core';

interface State {
  /** What it was told of the ends of others, in order. */
  readonly ends: unknown[];
  readonly calls: unknown[];
}

type Tenant = ServerContext<State>;

export default server({
  init: (_args: undefined, context): State => {
    context.trapExits(true);
    return { ends: [], calls: [] };
  },
  calls: {
    /** A call, with all that it says of its failure. */
    ask: (context: Tenant, target: string, operation: string, parameters: readonly unknown[] = []) =>
      context.call(target, operation, parameters, { timeoutMs: 2000 }).then((value) => ({ value }), told),
    send: (context: Tenant, target: string, value: unknown) =>
      context.send(target, value).then(() => 'sent', told),
    /** Monitors, links, and begins a call that is not answered. */
    watch: async (context: Tenant, target: string) => {
      await context.monitor(target);
      const address = await context.whereis(target);
      if (address === undefined) return 'nobody';
      context.link(address);
      void context.call(target, 'never', [], { timeoutMs: Infinity }).then(
        () => undefined,
        (error: unknown) => void context.state.calls.push(told(error)),
      );
      return 'watches';
    },
    heard: ({ state }: Tenant) => ({ ends: [...state.ends], calls: [...state.calls] }),
  },
  info: ({ state }: Tenant, item) => {
    if (item.type === 'down' || item.type === 'exit') state.ends.push([item.type, item.reason]);
  },
});

function told(error: unknown): unknown {
  const { code, message, reason, cause, field, value, remedy } = error as CallError;
  return { code, message, reason, cause, field, value, remedy };
}
