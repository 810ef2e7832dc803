/** One living host, as its last record and the pages of its present epoch say. */
import { epochText, type HostRecord, type Refusal } from '../records/host-record.js';
import { pageInstance, type ExportedName, type NamesPage } from '../records/names-page.js';
import type { NamesChange, NamesQuestion } from '../records/names-change.js';
import type { Holder } from './name-state.js';
import { ServedNames } from './served-names.js';

/**
 * Where of its lease a silent host is asked for a sign of life. A beat is due at 0.6, and may come late from a busy
 * machine: who asks at once makes two more packets of it. The last answer still comes in time.
 */
const ASK_AT = Array.from({ length: 8 }, (_, i) => 0.7 + i * 0.035);

export class KnownHost {
  #record: HostRecord;
  #heardAt: number;
  #asked = 0;
  readonly #pages = new Map<number, NamesPage>();
  readonly #served = new ServedNames();

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

  /**
   * A newer record of the same epoch. Pages that it no longer lists are gone; if it serves its names from now on, as
   * soon as those are here. Says whether anything may be offered otherwise than before.
   */
  renew(record: HostRecord, now: number): boolean {
    const before = this.#record;
    this.#record = record;
    this.#heardAt = now;
    this.#asked = 0;
    if (record.served === undefined) {
      for (const index of this.#pages.keys()) if (index >= record.pages.length) this.#pages.delete(index);
    }
    return (
      before.queue !== record.queue ||
      before.endpoints.join('\n') !== record.endpoints.join('\n') ||
      before.pages.length > record.pages.length
    );
  }

  /** What to ask it for of the names that it serves; nothing while none are missing. */
  get question(): NamesQuestion | undefined {
    const { served, epoch } = this.#record;
    if (served === undefined || this.#served.version >= served) return undefined;
    return { epoch, from: this.#served.from, base: this.#served.base };
  }

  /** A part of what it serves. Gives the names that may be offered otherwise now. */
  takeServed(change: NamesChange): readonly string[] | Refusal {
    const { version } = this.#served;
    const before = this.names();
    const outcome = this.#served.take(change);
    if (outcome !== 'taken') return outcome;
    if (this.#served.version === version) return [];
    if (change.from === version && version > 0) return change.names.map(({ name }) => name);
    return [...new Set([...before.keys(), ...this.#served.names.keys()])];
  }

  page(index: number): NamesPage | undefined {
    return this.#pages.get(index);
  }

  setPage(page: NamesPage): void {
    this.#pages.set(page.index, page);
  }

  /** Every name it offers; where two pages hold the same name, the newer page counts. */
  names(): ReadonlyMap<string, ExportedName> {
    if (this.#record.served !== undefined && this.#served.version > 0) return this.#served.names;
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
