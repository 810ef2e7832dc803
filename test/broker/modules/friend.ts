/** Links with whom it is told to, and writes down what it hears, in order. */
import { server, type ExitReason, type GuestExitTag, type ServerContext } from '@espalier/core';

interface State {
  readonly heard: unknown[];
}

type Friend = ServerContext<State>;

export default server({
  init: ({ traps = false }: { readonly traps?: boolean } = {}, context): State => {
    context.trapExits(traps);
    return { heard: [] };
  },
  calls: {
    link: async (context: Friend, name: string) => {
      const address = await context.whereis(name);
      if (address === undefined) return false;
      context.link(address);
      // Answered behind that: it is in force.
      await context.whereis(name);
      return true;
    },
    unlink: async (context: Friend, name: string) => {
      const address = await context.whereis(name);
      if (address !== undefined) await context.unlink(address);
    },
    heard: ({ state }: Friend) => [...state.heard],
  },
  casts: {
    /** So many messages, and the signal behind them. */
    signal: async (context: Friend, name: string, count: number, reason: ExitReason) => {
      await sendAll(context, name, count);
      context.sendExit(name, reason);
    },
    kill: (context: Friend, name: string) => context.kill(name),
    end: async (context: Friend, name: string, count: number, tag: GuestExitTag, detail: unknown) => {
      await sendAll(context, name, count);
      context.exit({ tag, detail });
    },
  },
  info: ({ state }: Friend, item) => {
    if (item.type === 'message') state.heard.push(item.value);
    else if (item.type === 'exit') state.heard.push([item.reason.tag, item.reason.detail ?? null]);
  },
});

async function sendAll(context: Friend, name: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await context.send(name, n);
}
