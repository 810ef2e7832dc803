/**
 * The names of this host: in pages on the link, as long as they are few enough; else, where there is an exchange, in a
 * log that others ask for. From the pages it goes to the log and never back in one life.
 */
import type { Backend } from './backend.js';
import type { Directory, Effects } from './directory/directory.js';
import type { Publication } from './mdns/responder.js';
import { NameLog } from './name-log.js';
import { NamePages } from './name-pages.js';
import type { Settings } from './options.js';
import { sameEpoch, type Epoch, type HostFacts } from './records/host-record.js';
import { decodeQuestion, sealNamesChange } from './records/names-change.js';
import { NAMES_TYPE, pageInstance, sealNamesPage, type ExportedName } from './records/names-page.js';
import type { Txt } from './records/txt.js';

export interface OwnNamesParts {
  readonly settings: Settings;
  readonly epoch: Epoch;
  readonly directory: Directory;
  readonly backend: Backend | undefined;
  readonly hear: (type: string, label: string, txt: Txt) => void;
  readonly follow: (effects: Effects) => void;
}

export class OwnNames {
  readonly #parts: OwnNamesParts;
  readonly #host: string;
  #names: NamePages | NameLog;
  readonly #publications: { version: number; readonly publication: Publication | undefined }[] = [];

  constructor(parts: OwnNamesParts) {
    this.#parts = parts;
    this.#host = parts.settings.membership.host;
    this.#names = new NamePages(parts.settings.linkNames);
  }

  get(name: string): ExportedName | undefined {
    return this.#names.get(name);
  }

  /**
   * Adds a name, or replaces it.
   *
   * @throws HostError `host_unfit` when the host has as many names as it may advertise (`field: names`)
   */
  set(entry: ExportedName): void {
    if (this.#names instanceof NamePages && !this.#names.fits(entry)) this.#serve(this.#names);
    this.#names.set(entry);
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  /** What the host's record says of them. */
  facts(): Pick<HostFacts, 'pages' | 'served'> {
    return this.#names instanceof NamePages
      ? { pages: this.#names.pages().map(({ version }) => version) }
      : { pages: [], served: this.#names.version };
  }

  /** To be called when the host's record has been heard that lists what changed. */
  publish(): void {
    if (this.#names instanceof NamePages) this.#publishPages(this.#names);
    else this.#hearOwnChanges(this.#names);
  }

  /** What was asked over the broker: what changed since the asker's version. Nothing while the names are on the link. */
  answer(question: Uint8Array): Uint8Array {
    return this.#names instanceof NameLog ? this.#answer(this.#names, question) : new Uint8Array();
  }

  #publishPages(own: NamePages): void {
    const { settings, epoch, backend, hear } = this.#parts;
    for (const [index, { version, names }] of own.pages().entries()) {
      const published = this.#publications[index];
      if (published?.version === version) continue;
      const page = { host: this.#host, index, epoch, version, names };
      const txt = sealNamesPage(page, settings.membership.key.privateKey);
      const label = pageInstance(this.#host, index);
      hear(NAMES_TYPE, label, txt);
      if (published !== undefined) {
        published.version = version;
        published.publication?.update(txt);
      } else {
        const publication = backend?.publish({ type: NAMES_TYPE, label, port: 0 }, txt, () => undefined);
        this.#publications[index] = { version, publication };
      }
    }
  }

  /** From now on the names are not on the link: others ask for them. Without an exchange it stays as it is. */
  #serve(pages: NamePages): void {
    if (this.#parts.settings.exchange === undefined) return;
    this.#names = new NameLog(pages.pages().flatMap(({ names }) => names));
    for (const { publication } of this.#publications.splice(0)) publication?.withdraw();
  }

  #answer(log: NameLog, question: Uint8Array): Uint8Array {
    const { settings, epoch } = this.#parts;
    const asked = decodeQuestion(question);
    // Whoever knows another life of this host knows nothing.
    const { from, base } =
      asked !== undefined && sameEpoch(asked.epoch, epoch) ? asked : { from: 0, base: 0 };
    return sealNamesChange(
      { host: this.#host, epoch, ...log.since(from, base) },
      settings.membership.key.privateKey,
    );
  }

  /** What this host serves it knows by the same way as others, the broker excepted. */
  #hearOwnChanges(log: NameLog): void {
    const { directory, follow } = this.#parts;
    for (;;) {
      const question = directory.question(this.#host);
      if (question === undefined) return;
      const effects = directory.hearServed(this.#host, this.#answer(log, question));
      if (effects === undefined) return;
      follow(effects);
    }
  }
}
