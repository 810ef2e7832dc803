/**
 * Applies, one after the other: carried out by the root, then kept, then acknowledged. What was acknowledged is
 * kept; what was kept twice over by a crash in between is recognised by its order.
 */
import { randomUUID } from 'node:crypto';
import { normaliseSpec, parseSpec, readSpecText, type TreeSpec } from '@espalier/supervisor';
import {
  problemOf,
  type ApplyOutcome,
  type ApplyRequest,
  type RollbackRequest,
} from '@espalier/supervisor/client';
import type { Root } from '../drivers/root.js';
import type { NewRevision, Revisions } from './history.js';

export interface AppliesOptions {
  readonly history: Revisions;
  readonly root: Pick<Root, 'ask'>;
  readonly nowMs: () => number;
}

/** What the root is given to keep, so that a driver that dies between apply and writing loses nothing. */
type Note = Omit<NewRevision, 'summary' | 'at'>;

interface Text {
  readonly text: string;
  readonly base: string;
  readonly source: string | null;
}

export class Applies {
  readonly #options: AppliesOptions;
  #last: Promise<unknown> = Promise.resolve();
  #starting = true;
  #failure: string | undefined;

  constructor(options: AppliesOptions) {
    this.#options = options;
  }

  /** The tree that was to run again is being started. */
  get starting(): boolean {
    return this.#starting;
  }

  /** Why what was applied last could not be started again. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Brings tree and history together: at the start of the daemon, and at each start of this driver. */
  begin(file: string | null): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#begin(file);
        this.#failure = undefined;
      } catch (error) {
        this.#failure = problemOf(error).detail;
        throw error;
      } finally {
        this.#starting = false;
      }
    });
  }

  apply({ text, base, source, check = false }: ApplyRequest): Promise<ApplyOutcome> {
    return this.#inTurn(() => this.#apply({ text, base, source: source ?? null }, check, null));
  }

  rollback({ revision, check = false }: RollbackRequest): Promise<ApplyOutcome> {
    return this.#inTurn(async () => {
      const { history } = this.#options;
      const earlier = await history.read(revision ?? history.previous);
      return this.#apply(earlier, check, earlier.revision);
    });
  }

  async #begin(file: string | null): Promise<void> {
    const { history, root } = this.#options;
    const { state, note } = await root.ask('settled');
    const applied = note as Note | null;
    if (applied !== null && applied.order !== history.last?.order) {
      // Applied by a life of this driver that did not come to write it.
      const summary = 'applied when the daemon’s driver of administration ended';
      await history.add({ ...applied, summary, at: this.#now });
    }
    // A tree that has ended of itself is not started again because this driver was.
    if (state !== 'empty') return;
    if (file !== null) await this.#apply(await read(file), false, null);
    else if (history.last !== undefined) await this.#apply(history.last, false, null);
  }

  async #apply(given: Text, check: boolean, rollbackTo: number | null): Promise<ApplyOutcome> {
    const { history, root } = this.#options;
    const { text, base, source } = given;
    const { last } = history;
    const spec = parseSpec(text, { path: source ?? 'the spec', base });
    // Checked here, where it is known at which line of the text each part stands.
    const { name } = normaliseSpec(spec.input, spec);
    const isKept = last?.text === text && last.base === base;
    const note: Note = {
      order: isKept ? last.order : randomUUID(),
      tree: name,
      source,
      base,
      text,
      rollbackTo,
    };
    const done = await root.ask('apply', { input: spec.input as TreeSpec, base, check, note });
    if (!check) this.#failure = undefined;
    if (done.makesRevision && history.last?.order !== note.order) {
      await history.add({ ...note, summary: summaryOf(done.description), at: this.#now });
    }
    const revision = history.last?.revision ?? null;
    const { outcome, changes, description } = done;
    return { outcome, revision, changes: changes as ApplyOutcome['changes'], description };
  }

  get #now(): string {
    return new Date(this.#options.nowMs()).toISOString();
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

async function read(file: string): Promise<Text> {
  const { text, base } = await readSpecText(file);
  return { text, base, source: file };
}

/** The last line of a description says what it comes to. */
function summaryOf(description: string): string {
  return description.slice(description.lastIndexOf('\n') + 1);
}
