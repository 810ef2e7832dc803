/** A server with every kind of answer. */
import { concurrent, Refusal, server, type Address } from '@espalier/core';

interface State {
  total: number;
  running: number;
  most: number;
  open: ((value: string) => void)[];
}

export default server({
  init: (start: number | undefined): State => ({ total: start ?? 0, running: 0, most: 0, open: [] }),
  calls: {
    add(context, n: number): number {
      context.state.total += n;
      return context.state.total;
    },
    echo: (_context, value: unknown): unknown => value,
    unsendable: (): unknown => () => 0,
    refuse(): never {
      throw new Refusal('not today', { until: 'tomorrow' });
    },
    crash(): never {
      throw new TypeError('crashed in a call');
    },
    async crashLater(): Promise<never> {
      await Promise.resolve();
      throw new TypeError('crashed later');
    },
    leave(context): unknown {
      return context.exit({ tag: 'shutdown', detail: 'left' });
    },
    /** Never answers, and holds the server up. */
    hang: (): Promise<never> => new Promise(() => undefined),
    /** The same, and says when it does. */
    async hangTelling(context, watcher: Address): Promise<never> {
      await context.send(watcher, 'hanging');
      return new Promise(() => undefined);
    },
    /** Never answers, and does not. */
    hangAside: concurrent((): Promise<never> => new Promise(() => undefined)),
    /** Waits for the kernel twice before it answers: the next message waits meanwhile. */
    async slowly(context): Promise<number> {
      const { state } = context;
      state.most = Math.max(state.most, ++state.running);
      await context.whereis('nobody');
      await context.whereis('nobody');
      state.running--;
      return state.most;
    },
    waitAside: concurrent(
      (context: { state: State }) => new Promise<string>((resolve) => context.state.open.push(resolve)),
    ),
    release(context, value: string): number {
      const open = context.state.open.splice(0);
      for (const resolve of open) resolve(value);
      return open.length;
    },
  },
  casts: {
    set(context, total: number) {
      context.state.total = total;
    },
    crash() {
      throw new TypeError('crashed in a cast');
    },
  },
});
