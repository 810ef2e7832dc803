/**
 * Which names this host offers in the directory: those that others reach here now. A transient name is there while
 * its environment runs, a shared one while the broker is reached; one with a single holder once the broker has made
 * this host the one, with the number of that term, so that of two who claim it the later one counts.
 */
import type { AdvertiseOptions, Advertisement, Directory } from '@espalier/core/directory';
import type { BridgeEvent } from './local-side.js';
import type { ExportSettings } from './settings.js';

export class Offers {
  readonly #directory: Pick<Directory, 'advertise'>;
  readonly #shared: readonly string[];
  readonly #report: (event: BridgeEvent) => void;
  readonly #offers = new Map<string, Advertisement>();
  /** Transient names that can be sent to, with the broker or without. */
  readonly #open = new Set<string>();
  #connected = false;

  constructor(
    directory: Pick<Directory, 'advertise'>,
    exports: Readonly<Record<string, ExportSettings>>,
    report: (event: BridgeEvent) => void,
  ) {
    this.#directory = directory;
    this.#report = report;
    const isShared = ({ durable, holders }: ExportSettings): boolean =>
      durable === true && holders === 'many';
    this.#shared = Object.keys(exports).filter((name) => isShared(exports[name] ?? {}));
  }

  heed(event: BridgeEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#connected = true;
        for (const name of this.#open) this.#offer(name, { holding: 'host' });
        for (const name of this.#shared) this.#offer(name, { holding: 'many' });
        return;
      case 'disconnected':
        this.#connected = false;
        // Whatever this host held it may hold no more; and nobody reaches it.
        for (const offer of this.#offers.values()) offer.withdraw();
        this.#offers.clear();
        return;
      case 'exported':
        this.#open.add(event.name);
        if (this.#connected) this.#offer(event.name, { holding: 'host' });
        return;
      case 'withdrawn':
        this.#open.delete(event.name);
        this.#offers.get(event.name)?.withdraw();
        this.#offers.delete(event.name);
        return;
      case 'holding':
        this.#offer(event.name, { holding: 'unique', incarnation: event.fence });
        return;
      default:
    }
  }

  #offer(name: string, options: AdvertiseOptions): void {
    try {
      this.#offers.set(name, this.#directory.advertise(name, options));
    } catch (error) {
      this.#report({ kind: 'name-refused', name, why: (error as Error).message });
    }
  }
}
