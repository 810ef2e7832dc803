/**
 * Hosts that were written down, for links where multicast does not get through. They never expire: nobody sees them
 * live or die. A host of the list that has once been heard is known by what it says itself from then on.
 */
import type { Holding } from '@espalier/core/directory';
import type { HostInfo } from './directory.js';
import type { Holder } from './name-state.js';

export interface StaticHost {
  /** Its id: the fingerprint of its key, 32 hexadecimal digits. */
  readonly host: string;
  readonly queue?: string;
  readonly endpoints?: readonly string[];
  readonly names?: readonly { readonly name: string; readonly holding?: Holding }[];
}

export class StaticHosts {
  readonly #hosts: Map<string, StaticHost>;

  constructor(hosts: readonly StaticHost[]) {
    this.#hosts = new Map(hosts.map((host) => [host.host, host]));
  }

  ids(): string[] {
    return [...this.#hosts.keys()];
  }

  forget(host: string): void {
    this.#hosts.delete(host);
  }

  offers(host: string): Map<string, Holder> {
    const { names = [], queue = '', endpoints = [] } = this.#hosts.get(host) ?? {};
    return new Map(
      names.map(({ name, holding = 'unique' }) => [
        name,
        { host, source: 'static', epoch: undefined, holding, incarnation: 0, queue, endpoints },
      ]),
    );
  }

  infos(): HostInfo[] {
    return [...this.#hosts.values()].map(({ host, queue = '', endpoints = [], names = [] }) => {
      return { host, source: 'static', epoch: undefined, queue, endpoints, names: names.length };
    });
  }
}
