/** An exposed object for the tests, and the clients of it. */
import { environment, server, type Behaviour } from '../../src/index.js';
import { callback, expose, wrap, type RemoteCallback } from '../../src/comlink/index.js';

export class Store {
  readonly #values = new Map<string, unknown>();
  readonly #watchers: RemoteCallback<(value: unknown) => unknown>[] = [];
  readonly held: ((value: unknown) => void)[] = [];

  put(name: string, value: unknown): number {
    this.#values.set(name, value);
    return this.#values.size;
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }

  fail(): never {
    throw Object.assign(new RangeError('no'), { code: 'ODD' });
  }

  odd(): unknown {
    return { of: () => 1 };
  }

  hold(): Promise<unknown> {
    return new Promise((resolve) => this.held.push(resolve));
  }

  letGo(): number {
    for (const resolve of this.held) resolve('let go');
    return this.held.splice(0).length;
  }

  watch(watcher: RemoteCallback<(value: unknown) => unknown>): void {
    this.#watchers.push(watcher);
  }

  /** What the watchers gave, or the codes of what they rejected with. */
  async tell(...values: unknown[]): Promise<unknown[]> {
    return Promise.all(
      this.#watchers.flatMap((watcher) =>
        values.map((value) =>
          watcher(value).catch((error: unknown) => `rejected: ${String((error as { code?: unknown }).code)}`),
        ),
      ),
    );
  }

  forgetAll(): void {
    for (const watcher of this.#watchers) watcher.release();
  }

  secret(): string {
    return 'not listed';
  }
}

export const store = server({
  calls: {
    api: expose({
      methods: ['put', 'get', 'fail', 'odd', 'hold', 'letGo', 'watch', 'tell', 'forgetAll'],
      api: () => new Store(),
      maxInFlight: 4,
      maxSessions: 2,
    }),
    plain: () => 'a call beside it',
  },
});

/** An environment that has a callback in the store, and tells what it was called with when it is asked. */
export const watcher: Behaviour = environment(async (context) => {
  const remote = wrap<Store>(context, 'store');
  const heard: unknown[] = [];
  await remote.watch(
    callback((value: unknown) => {
      heard.push(value);
      return value === 'hold' ? new Promise<never>(() => undefined) : heard.length;
    }),
  );
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call') item.reply(heard);
  }
});
