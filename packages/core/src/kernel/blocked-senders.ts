/**
 * Who waits for room in whose mailbox: told by the senders' runtimes once a send has waited for a
 * second. Each is an event that names both; senders that wait for each other in a circle are reported
 * as one, because nothing but a timeout will free them.
 */
import type { Environment } from './environment.js';
import type { KernelEvent } from './events.js';

export class BlockedSenders {
  readonly #waits = new Map<Environment, Set<Environment>>();
  readonly #observe: (event: KernelEvent) => void;

  constructor(observe: (event: KernelEvent) => void) {
    this.#observe = observe;
  }

  changed(sender: Environment, receiver: Environment, on: boolean): void {
    let waits = this.#waits.get(sender);
    if (!on) {
      waits?.delete(receiver);
      if (waits?.size === 0) this.#waits.delete(sender);
      return;
    }
    if (waits === undefined) {
      waits = new Set();
      this.#waits.set(sender, waits);
    }
    waits.add(receiver);
    this.#observe({ kind: 'blocked', path: sender.path, receiver: receiver.path });
    const circle = this.#circle(receiver, sender, new Set());
    if (circle !== undefined)
      this.#observe({ kind: 'blocked-circle', path: sender.path, circle: [sender.path, ...circle] });
  }

  forget(environment: Environment): void {
    this.#waits.delete(environment);
    for (const waits of this.#waits.values()) waits.delete(environment);
  }

  /** The way from one environment to another along those who wait for each other. */
  #circle(from: Environment, to: Environment, seen: Set<Environment>): readonly string[] | undefined {
    if (from === to) return [to.path];
    if (seen.has(from)) return undefined;
    seen.add(from);
    for (const next of this.#waits.get(from) ?? []) {
      const rest = this.#circle(next, to, seen);
      if (rest !== undefined) return [from.path, ...rest];
    }
    return undefined;
  }
}
