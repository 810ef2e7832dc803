/**
 * What is known of the names that a host serves over the broker. It is brought up to date part by part. Where the host
 * tells everything anew, what was known stays until all of it is there: a name does not go and come because of that.
 */
import { MAX_SERVED_NAMES } from '../name-log.js';
import type { Refusal } from '../records/host-record.js';
import type { NamesChange } from '../records/names-change.js';
import type { ExportedName } from '../records/names-page.js';

interface State {
  version: number;
  /** No withdrawal up to that version is missing. */
  base: number;
  readonly names: Map<string, ExportedName>;
}

export class ServedNames {
  #state: State = { version: 0, base: 0, names: new Map() };
  /** Everything anew, as far as it has come. */
  #next: State | undefined;

  get names(): ReadonlyMap<string, ExportedName> {
    return this.#state.names;
  }

  /** Up to which version everything is known; 0 before. */
  get version(): number {
    return this.#state.version;
  }

  /** After which version the next part is to begin. */
  get from(): number {
    return (this.#next ?? this.#state).version;
  }

  get base(): number {
    return (this.#next ?? this.#state).base;
  }

  take({ from, to, head, names }: NamesChange): Refusal | 'taken' {
    if (from === 0) this.#next = { version: 0, base: head, names: new Map() };
    const state = this.#next ?? this.#state;
    if (from !== state.version) return 'stale';
    for (const { name, entry } of names) {
      if (entry === undefined) state.names.delete(name);
      else state.names.set(name, entry);
    }
    if (state.names.size > MAX_SERVED_NAMES) {
      this.#next = undefined;
      return 'overflow';
    }
    state.version = to;
    state.base = Math.max(state.base, to);
    if (to === head) {
      this.#state = state;
      this.#next = undefined;
    }
    return 'taken';
  }
}
