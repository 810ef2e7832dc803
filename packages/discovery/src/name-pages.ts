/**
 * The names that this host exports, in pages of bounded size. A name stays on its page, so that a change concerns one
 * page; a page keeps its place when it gets empty, and is filled again first.
 */
import { HostError } from '@espalier/core';
import { MAX_PAGES } from './records/host-record.js';
import { entryBytes, MAX_NAME_BYTES, PAGE_BYTES, type ExportedName } from './records/names-page.js';

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
  readonly #pages: OpenPage[] = [];
  readonly #pageOf = new Map<string, OpenPage>();

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
    checkName(entry.name);
    this.delete(entry.name);
    const bytes = entryBytes(entry);
    const page = this.#pageOf.size < MAX_NAMES ? this.#pageWithRoom(bytes) : undefined;
    if (page === undefined) {
      throw new HostError('host_unfit', `A host advertises at most ${MAX_NAMES} names on the link`, {
        field: 'names',
        value: this.#pageOf.size,
        remedy: 'Withdraw names that nobody outside needs, or spread them over more hosts.',
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

function checkName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes >= 1 && bytes <= MAX_NAME_BYTES && !/[\p{Cc}\p{Cs}]/u.test(name)) return;
  throw new HostError(
    'host_unfit',
    'A name that is advertised has 1 to 100 bytes and no control characters',
    {
      field: 'name',
      value: name,
      remedy: 'Choose a shorter name, or advertise a hash of it.',
    },
  );
}
