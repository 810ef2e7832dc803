/** What was changed through the API, by whom and with which result, as lines in files: so much of it, and no more. */
import type { AuditEntry } from '@espalier/supervisor/client';
import type { LineFiles, LineQuery } from '../logs/line-files.js';
import { ViewIds } from './view-ids.js';

export type Audited = Pick<AuditEntry, 'by' | 'operation' | 'path'>;

/** Beside what is told: under whom it is kept, so that nobody's doings push those of others out. */
export interface KeptEntry extends AuditEntry {
  readonly family: string;
}

export class Audit {
  readonly #files: LineFiles<KeptEntry>;
  readonly #nowMs: () => number;
  readonly #say: (line: string) => void;
  readonly #ids: ViewIds;

  /** `say` is told what could not be written. */
  constructor(files: LineFiles<KeptEntry>, nowMs: () => number, say: (line: string) => void) {
    this.#files = files;
    this.#nowMs = nowMs;
    this.#say = say;
    this.#ids = new ViewIds();
  }

  /**
   * Written before it is done, so that nothing is done unseen; and again, by the same id, with what came of it.
   *
   * @throws HostError `state_unwritable`: then it is not to be done.
   */
  begin(what: Audited, family: string): (result: string) => void {
    const beganMs = this.#nowMs();
    const { id } = this.#ids.next(what.path, beganMs);
    const entry = { id, at: new Date(beganMs).toISOString(), ...what, family };
    this.#files.add([{ ...entry, result: null, tookMs: null }]);
    return (result) => {
      try {
        this.#files.add([{ ...entry, result, tookMs: this.#nowMs() - beganMs }]);
      } catch (error) {
        // What was done is not undone by it, nor is the answer another.
        const { by, operation, path } = what;
        this.#say(
          `the audit log lacks that ${operation} ${path} by ${by} ended ${result}: ${(error as Error).message}`,
        );
      }
    };
  }

  read(query: LineQuery): readonly AuditEntry[] {
    const entries = new Map<number, AuditEntry>();
    for (const { family: _family, ...entry } of this.#files.read({ ...query, lines: Infinity }).lines) {
      if (entry.result !== null || !entries.has(entry.id)) entries.set(entry.id, entry);
    }
    return [...entries.values()].slice(-query.lines);
  }
}
