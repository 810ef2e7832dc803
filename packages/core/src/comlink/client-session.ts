/**
 * The client's side of its callbacks. It keeps one call open, by whose end the other side knows that this
 * one is gone, and asks for calls of its callbacks by another. The session ends with either environment.
 */
import { CallError } from '../errors.js';
import type { CallOptions } from '../guest/context.js';
import { Callback } from './callback.js';
import { outcomeOf, Responder } from './endpoints.js';
import { readToClient, type FromClient, type Invocation, type Response } from './wire.js';

type Say = (message: FromClient, options: CallOptions) => Promise<unknown>;

interface Passed {
  readonly callback: Callback;
  readonly responder: Responder;
  readonly unwatch: () => void;
}

const MAX_CALLBACKS = 1000;

export class ClientSession {
  readonly name: string;
  readonly #say: Say;
  readonly #open: CallOptions;
  /** Its abortion tells the other side, by the call that is held open. */
  readonly #ended = new AbortController();
  readonly #passed = new Map<number, Passed>();
  readonly #numbers = new Map<Callback, number>();
  #last = 0;
  #live = true;

  constructor(name: string, say: Say, signal: AbortSignal | undefined) {
    this.name = name;
    this.#say = say;
    const ended = this.#ended.signal;
    this.#open = {
      timeoutMs: Infinity,
      signal: signal === undefined ? ended : AbortSignal.any([signal, ended]),
    };
    const over = (): void => this.#end();
    say({ kind: 'open', session: name }, this.#open).then(over, over);
    void this.#pump();
  }

  get live(): boolean {
    return this.#live;
  }

  /** The number by which the other side will call it. @throws CallError `noproc`, `full`. */
  pass(callback: Callback): number {
    const known = this.#numbers.get(callback);
    if (known !== undefined) return known;
    if (this.#passed.size >= MAX_CALLBACKS) {
      throw new CallError(
        'full',
        `${String(MAX_CALLBACKS)} callbacks are there already: revoke or release some`,
      );
    }
    const number = (this.#last += 1);
    const unwatch = Callback.watch(callback, () => {
      this.#forget(number);
      this.#say({ kind: 'revoke', session: this.name, callback: number }, {}).catch(() => undefined);
    });
    if (unwatch === undefined) throw new CallError('noproc', 'the callback has been revoked');
    const responder = new Responder((parameters) =>
      outcomeOf(() =>
        Callback.run(
          callback,
          (parameters as readonly { value: unknown }[]).map(({ value }) => value),
        ),
      ),
    );
    this.#passed.set(number, { callback, responder, unwatch });
    this.#numbers.set(callback, number);
    return number;
  }

  async #pump(): Promise<void> {
    while (this.#live) {
      try {
        const { invocations, released } = readToClient(
          await this.#say({ kind: 'next', session: this.name }, this.#open),
        );
        for (const number of released) this.#forget(number);
        for (const invocation of invocations) void this.#invoke(invocation);
      } catch {
        // The other side has ended, or sends what cannot be read.
        this.#end();
      }
    }
  }

  async #invoke({ number, callback, request }: Invocation): Promise<void> {
    const responder = this.#passed.get(callback)?.responder;
    const response: Response =
      responder === undefined
        ? failed(new CallError('noproc', 'the callback has been revoked or released'))
        : await responder.respond(request);
    const answer = (said: Response): Promise<unknown> =>
      this.#say({ kind: 'answer', session: this.name, number, response: said }, {});
    // What the callback gave or threw may be no value: the caller learns that.
    await answer(response)
      .catch((error: unknown) => answer(failed(error)))
      .catch(() => undefined);
  }

  #forget(number: number): void {
    const passed = this.#passed.get(number);
    if (passed === undefined) return;
    this.#passed.delete(number);
    this.#numbers.delete(passed.callback);
    passed.unwatch();
  }

  #end(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#ended.abort();
    for (const number of [...this.#passed.keys()]) this.#forget(number);
  }
}

function failed(thrown: unknown): Response {
  return { type: 'RAW', value: { ok: false, thrown } };
}
