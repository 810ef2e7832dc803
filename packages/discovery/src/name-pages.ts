/**
 * The names that this host exports, in pages of bounded size. A name stays on its page, so that a change concerns one
 * page; a page keeps its place when it gets empty, and is filled again first.
 */
import { HostError } from '@espalier/core';
import { MAX_PAGES } from './records/host-record.js';
import { entryBytes, PAGE_BYTES, type ExportedName } from './records/names-page.js';

export interface Page {
  readonly version: number;
  readonly names: readonly ExportedName[];
}

interface OpenPage {
  version: number;
  bytes: number;
  readonly names: Map<string, ExportedName>;
}

/** A host advertises at most so many names on the link, whatever their length. */
export const MAX_NAMES = 400;

export class NamePages {
  readonly #most: number;
  readonly #pages: OpenPage[] = [];
  readonly #pageOf = new Map<string, OpenPage>();

  constructor(most: number = MAX_NAMES) {
    this.#most = most;
  }

  /** Whether there is room for it, in whatever place. */
  fits(entry: ExportedName): boolean {
    if (this.#pageOf.has(entry.name)) return true;
    const bytes = entryBytes(entry);
    const hasPage = this.#pages.some((page) => page.bytes + bytes <= PAGE_BYTES);
    return this.#pageOf.size < this.#most && (hasPage || this.#pages.length < MAX_PAGES);
  }

  get(name: string): ExportedName | undefined {
    return this.#pageOf.get(name)?.names.get(name);
  }

  /**
   * Adds a name, or replaces it.
   *
   * @throws HostError `host_unfit` when the host has as many names as it may advertise on the link (`field: names`),
   *   or the name cannot be written into a record (`field: name`)
   */
  set(entry: ExportedName): void {
    this.delete(entry.name);
    const bytes = entryBytes(entry);
    const page = this.#pageOf.size < this.#most ? this.#pageWithRoom(bytes) : undefined;
    if (page === undefined) {
      throw new HostError('host_unfit', `A host advertises at most ${this.#most} names on the link`, {
        field: 'names',
        value: this.#pageOf.size,
        remedy:
          'Withdraw names that nobody outside needs, or give an `exchange`: more names then go over the broker.',
      });
    }
    page.names.set(entry.name, entry);
    page.bytes += bytes;
    page.version += 1;
    this.#pageOf.set(entry.name, page);
  }

  delete(name: string): void {
    const page = this.#pageOf.get(name);
    const entry = page?.names.get(name);
    if (page === undefined || entry === undefined) return;
    this.#pageOf.delete(name);
    page.names.delete(name);
    page.bytes -= entryBytes(entry);
    page.version += 1;
  }

  pages(): Page[] {
    return this.#pages.map(({ version, names }) => ({ version, names: [...names.values()] }));
  }

  #pageWithRoom(bytes: number): OpenPage | undefined {
    const found = this.#pages.find((page) => page.bytes + bytes <= PAGE_BYTES);
    if (found !== undefined || this.#pages.length >= MAX_PAGES) return found;
    const page: OpenPage = { version: 0, bytes: 0, names: new Map() };
    this.#pages.push(page);
    return page;
  }
}
