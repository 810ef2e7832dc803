/** The driver's side of the root's mailbox: the same operations, as methods that throw what the root was told. */
import type { Address, Context } from '@espalier/core';
import { errorOf, type Problem } from '@espalier/supervisor/client';
import type { Answer, Operations } from '../root-process/administration.js';

export class Root {
  readonly #context: Context;
  readonly #address: Address;

  constructor(context: Context, address: Address) {
    this.#context = context;
    this.#address = address;
  }

  async ask<N extends keyof Operations>(
    operation: N,
    ...parameters: Parameters<Operations[N]>
  ): Promise<Awaited<ReturnType<Operations[N]>>> {
    const answer = (await this.#call(operation, parameters)) as Answer<Awaited<ReturnType<Operations[N]>>>;
    if (answer.ok) return answer.value;
    throw errorOf(answer.problem);
  }

  eventsAfter(id: number): Promise<unknown> {
    return this.#call('eventsAfter', [id]);
  }

  /** `port`: where it listens beside the socket. */
  ready(port: number | null): Promise<void> {
    return this.#context.cast(this.#address, 'ready', [port]);
  }

  /** One line for the log of the daemon itself. */
  say(line: string): Promise<void> {
    return this.#context.cast(this.#address, 'say', [line]);
  }

  failed(problem: Problem): Promise<void> {
    return this.#context.cast(this.#address, 'failed', [problem]);
  }

  /** The root answers in its own time; if it is gone, so are we. */
  #call(operation: string, parameters: readonly unknown[]): Promise<unknown> {
    return this.#context.call(this.#address, operation, parameters, { timeoutMs: Infinity });
  }
}
