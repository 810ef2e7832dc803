/** One living host, as its last record and the pages of its present epoch say. */
import { epochText, type HostRecord } from '../records/host-record.js';
import { pageInstance, type ExportedName, type NamesPage } from '../records/names-page.js';
import type { Holder } from './name-state.js';

/** Where of its lease a silent host is asked for a sign of life. */
const ASK_AT = [0.5, 0.6, 0.7, 0.8, 0.9];

export class KnownHost {
  #record: HostRecord;
  #heardAt: number;
  #asked = 0;
  readonly #pages = new Map<number, NamesPage>();

  constructor(record: HostRecord, now: number) {
    this.#record = record;
    this.#heardAt = now;
  }

  get record(): HostRecord {
    return this.#record;
  }

  get epoch(): string {
    return epochText(this.#record.epoch);
  }

  /** A newer record of the same epoch. Pages that it no longer lists are gone. */
  renew(record: HostRecord, now: number): void {
    this.#record = record;
    this.#heardAt = now;
    this.#asked = 0;
    for (const index of this.#pages.keys()) if (index >= record.pages.length) this.#pages.delete(index);
  }

  page(index: number): NamesPage | undefined {
    return this.#pages.get(index);
  }

  setPage(page: NamesPage): void {
    this.#pages.set(page.index, page);
  }

  /** Every name it offers; where two pages hold the same name, the newer page counts. */
  names(): Map<string, ExportedName> {
    const names = new Map<string, ExportedName>();
    for (const page of [...this.#pages.values()].sort((a, b) => a.version - b.version)) {
      for (const entry of page.names) names.set(entry.name, entry);
    }
    return names;
  }

  holder({ holding, incarnation }: ExportedName): Holder {
    const { host, epoch, queue, endpoints } = this.#record;
    return { host, source: 'link', epoch, holding, incarnation, queue, endpoints };
  }

  /** Instances of the pages of which a newer version exists than is known here. */
  missingPages(): string[] {
    return this.#record.pages.flatMap((version, index) => {
      const held = this.#pages.get(index)?.version ?? 0;
      return version > held ? [pageInstance(this.#record.host, index)] : [];
    });
  }

  get expiresAt(): number {
    return this.#heardAt + this.#record.leaseMs;
  }

  /** When it is to be looked at next. */
  get deadline(): number {
    const share = ASK_AT[this.#asked] ?? 1;
    return this.#heardAt + this.#record.leaseMs * share;
  }

  /** Whether it is to be asked now for a sign of life. */
  dueForAsking(now: number): boolean {
    if (now < this.deadline || now >= this.expiresAt) return false;
    while (now >= this.deadline && this.#asked < ASK_AT.length) this.#asked += 1;
    return true;
  }
}
