/**
 * Drives `server`: one item of the mailbox at a time. A handler that returns no promise is done when it
 * returns, so a burst of calls is served in one turn and its replies leave in one batch. While an async
 * handler runs, the mailbox is not consumed, unless the call is marked concurrent.
 */
import type { ExitReason } from '../exit-reason.js';
import { IGNORE, Refusal, isAnswering, isConcurrent, type Server, type ServerContext } from './behaviour.js';
import { exitOf, isThenable, type Driver, type DriverHost } from './driver.js';
import type { Received, ReceivedCall } from './received.js';

type Handler = (context: ServerContext<unknown>, ...parameters: readonly unknown[]) => unknown;

export class ServerDriver implements Driver {
  readonly #definition: Server['definition'];
  readonly #host: DriverHost;
  readonly #calls: ReadonlyMap<string, Handler>;
  readonly #casts: ReadonlyMap<string, Handler>;
  #context: ServerContext<unknown> | undefined;
  #busy = false;
  #stopping: ExitReason | undefined;
  #ended = false;
  handled = 0;

  constructor(behaviour: Server, host: DriverHost) {
    this.#definition = behaviour.definition;
    this.#host = host;
    // Own properties only: no operation is reached through a prototype.
    this.#calls = new Map(Object.entries(behaviour.definition.calls ?? {}));
    this.#casts = new Map(Object.entries(behaviour.definition.casts ?? {}));
  }

  async start(): Promise<'ready' | 'ignore'> {
    const state = await this.#definition.init?.(this.#host.args, this.#host.context);
    if (state === IGNORE) return 'ignore';
    this.#context = this.#host.contextWith(state);
    // After `ready` is on its way: nobody gets a reply from a server that is not started yet.
    queueMicrotask(() => {
      this.#continue();
    });
    return 'ready';
  }

  stop(reason: ExitReason): void {
    this.#stopping = reason;
    this.#host.mailbox.pause();
    // OTP: one that does not trap exits ends wherever it is. Only who has something to put in order is waited for.
    const waits = this.#definition.terminate !== undefined || this.#host.trapsExits;
    if (!this.#busy || !waits) this.#terminate(reason);
  }

  state(): unknown {
    return this.#context?.state;
  }

  #continue(): void {
    if (this.#ended) return;
    if (this.#stopping !== undefined) this.#terminate(this.#stopping);
    else this.#host.mailbox.consume(this.#handle);
  }

  readonly #handle = (item: Received): void => {
    this.handled++;
    try {
      const running = item.type === 'call' ? this.#call(item) : this.#other(item);
      if (running !== undefined) this.#await(running);
    } catch (thrown) {
      this.#crash(thrown);
    }
  };

  #call(item: ReceivedCall): PromiseLike<unknown> | undefined {
    const handler = this.#calls.get(item.operation);
    if (handler === undefined) {
      item.fail('no_such_operation', `the server has no call '${item.operation}'`);
      return undefined;
    }
    if (isAnswering(handler)) {
      handler(this.#context as ServerContext<unknown>, item);
      return undefined;
    }
    let result: unknown;
    try {
      result = handler(this.#context as ServerContext<unknown>, ...item.arguments);
    } catch (thrown) {
      refuse(item, thrown);
      return undefined;
    }
    if (!isThenable(result)) {
      item.reply(result);
      return undefined;
    }
    const replied = result.then(
      (value) => {
        item.reply(value);
      },
      (thrown: unknown) => {
        refuse(item, thrown);
      },
    );
    if (!isConcurrent(handler)) return replied;
    replied.then(undefined, (thrown: unknown) => {
      this.#crash(thrown);
    });
    return undefined;
  }

  #other(item: Exclude<Received, ReceivedCall>): PromiseLike<unknown> | undefined {
    const context = this.#context as ServerContext<unknown>;
    const handler = item.type === 'cast' ? this.#casts.get(item.operation) : undefined;
    const result =
      handler === undefined
        ? this.#definition.info?.(context, item)
        : handler(context, ...(item as { arguments: readonly unknown[] }).arguments);
    return isThenable(result) ? result : undefined;
  }

  #await(running: PromiseLike<unknown>): void {
    this.#busy = true;
    this.#host.mailbox.pause();
    running.then(
      () => {
        this.#busy = false;
        this.#continue();
      },
      (thrown: unknown) => {
        this.#busy = false;
        this.#crash(thrown);
      },
    );
  }

  #crash(thrown: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#host.mailbox.pause();
    this.#host.ended(exitOf(thrown));
  }

  #terminate(reason: ExitReason): void {
    if (this.#ended) return;
    this.#ended = true;
    const context = this.#context;
    const { terminate } = this.#definition;
    if (context === undefined || terminate === undefined) {
      this.#host.ended({ tag: 'shutdown', detail: undefined });
      return;
    }
    // An async wrapper, so that a synchronous throw takes the same way as a rejection.
    void (async () => {
      await terminate.call(this.#definition, context, reason);
    })().then(
      () => {
        this.#host.ended({ tag: 'shutdown', detail: undefined });
      },
      (thrown: unknown) => {
        this.#host.ended(exitOf(thrown));
      },
    );
  }
}

/** A `Refusal` answers the caller; anything else goes on to end the server. */
function refuse(item: ReceivedCall, thrown: unknown): void {
  if (!(thrown instanceof Refusal)) throw thrown;
  item.fail('refused', thrown.message, thrown.detail);
}
