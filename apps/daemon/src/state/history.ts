/** The specs that were applied, each a file of its own in `revisions/`: the last one is what the daemon runs. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, SupervisionError } from '@espalier/core';
import type { RevisionWithText } from '@espalier/supervisor/client';
import { roomFor } from './atomic-file.js';
import { privateFolder } from './folder.js';

/** What is kept besides: which order it was, so that none is kept twice. */
export interface KeptRevision extends RevisionWithText {
  readonly order: string;
}

export type NewRevision = Omit<KeptRevision, 'revision'>;

/** Revisions, wherever they are kept. */
export type Revisions = Pick<History, 'last' | 'previous' | 'add' | 'reserve' | 'read' | 'all'>;

/** A place for the next one. */
export interface Reserved {
  /** Once. Resolves when it would be there after a crash. */
  add(revision: NewRevision): Promise<KeptRevision>;
  /** If nothing was added, the room is given back. */
  release(): Promise<void>;
}

const KEPT = 200;
/** More than what is known of a revision only when it is carried out: its summary, its time. */
const UNKNOWN_BYTES = 4096;
const NAME = /^(\d{9})\.json$/;

export class History {
  readonly #folder: string;
  readonly #kept: number;
  /** In order; without the texts, which are read when they are asked for. */
  #revisions: number[];
  #last: KeptRevision | undefined;

  private constructor(folder: string, kept: number, revisions: number[]) {
    this.#folder = folder;
    this.#kept = kept;
    this.#revisions = revisions;
  }

  /** @throws HostError `folder_unsafe`, `state_unreadable`. */
  static async open(folder: string, kept = KEPT): Promise<History> {
    await privateFolder(folder);
    const names = await readdir(folder);
    const revisions = names.flatMap((name) => {
      const number = NAME.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
    const history = new History(
      folder,
      kept,
      revisions.sort((a, b) => a - b),
    );
    const last = history.#revisions.at(-1);
    if (last !== undefined) history.#last = await history.read(last);
    return history;
  }

  get last(): KeptRevision | undefined {
    return this.#last;
  }

  /** Resolves when it would be there after a crash. @throws HostError `state_unwritable`. */
  async add(revision: NewRevision): Promise<KeptRevision> {
    const reserved = await this.reserve(revision);
    try {
      return await reserved.add(revision);
    } finally {
      await reserved.release();
    }
  }

  /** Before it is carried out: then a disk that is full does not come between. @throws HostError `state_unwritable`. */
  async reserve(revision: Partial<NewRevision>): Promise<Reserved> {
    const number = (this.#revisions.at(-1) ?? 0) + 1;
    const bytes = Buffer.byteLength(textOf({ revision: number, ...revision }));
    const room = await roomFor(this.#file(number), bytes + UNKNOWN_BYTES);
    return {
      add: async (whole) => {
        const kept = { revision: number, ...whole };
        await room.fill(textOf(kept));
        this.#revisions.push(number);
        this.#last = kept;
        for (const old of this.#revisions.splice(0, this.#revisions.length - this.#kept)) {
          await rm(this.#file(old), { force: true });
        }
        return kept;
      },
      release: () => room.release(),
    };
  }

  /** @throws SupervisionError `revision_missing`; HostError `state_unreadable`. */
  async read(revision: number): Promise<KeptRevision> {
    if (!this.#revisions.includes(revision)) throw missing(revision);
    const file = this.#file(revision);
    try {
      const read = JSON.parse(await readFile(file, 'utf8')) as KeptRevision;
      if (read.revision === revision && isWhole(read)) return read;
    } catch (cause) {
      throw unreadable(file, cause);
    }
    throw unreadable(file, undefined);
  }

  /** The one before the last. @throws SupervisionError `revision_missing`. */
  get previous(): number {
    const previous = this.#revisions.at(-2);
    if (previous === undefined) throw missing('before the last');
    return previous;
  }

  /** The newest first. One whose file is damaged is left out: who reads it alone is told. */
  async all(): Promise<KeptRevision[]> {
    const read = [...this.#revisions].reverse().map((revision) => this.read(revision));
    return (await Promise.allSettled(read)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  #file(revision: number): string {
    return join(this.#folder, `${String(revision).padStart(9, '0')}.json`);
  }
}

function isWhole({ text, base, tree, order, limits }: KeptRevision): boolean {
  return [text, base, tree, order].every((part) => typeof part === 'string') && Array.isArray(limits);
}

function textOf(revision: Partial<KeptRevision>): string {
  return `${JSON.stringify(revision, undefined, 2)}\n`;
}

export function missing(revision: number | string): SupervisionError {
  return new SupervisionError('revision_missing', `there is no revision ${revision}`, {
    field: 'revision',
    value: revision,
  });
}

function unreadable(file: string, cause: unknown): HostError {
  return new HostError('state_unreadable', `${file} is no revision of a spec`, {
    field: 'file',
    value: file,
    cause,
  });
}
