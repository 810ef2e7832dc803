/** Who follows which name, and who follows the hosts. */
import type { HostEvent } from './directory/directory.js';
import type { NameEvent } from './directory/name-state.js';

type Listener<E> = (event: E) => void;

export class Watchers {
  readonly #names = new Map<string, Set<Listener<NameEvent>>>();
  readonly #hosts = new Set<Listener<HostEvent>>();

  addName(name: string, listener: Listener<NameEvent>): () => void {
    const listeners = this.#names.get(name) ?? new Set();
    // One function may follow twice, and each end ends one.
    const own: Listener<NameEvent> = (event) => listener(event);
    this.#names.set(name, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#names.get(name) === listeners) this.#names.delete(name);
    };
  }

  addHosts(listener: Listener<HostEvent>): () => void {
    const own: Listener<HostEvent> = (event) => listener(event);
    this.#hosts.add(own);
    return () => {
      this.#hosts.delete(own);
    };
  }

  tell(hosts: readonly HostEvent[], names: readonly NameEvent[]): void {
    for (const event of hosts) for (const listener of [...this.#hosts]) call(listener, event);
    for (const event of names) {
      for (const listener of [...(this.#names.get(event.after.name) ?? [])]) call(listener, event);
    }
  }
}

/** What a listener throws is its owner's: it comes up as uncaught, and keeps no other from being told. */
function call<E>(listener: Listener<E>, event: E): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
