/**
 * Applies, one after the other: carried out by the root, then kept, then acknowledged. What was acknowledged is
 * kept; what was kept twice over by a crash in between is recognised by its order.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  normaliseSpec,
  parseSpec,
  readSpecText,
  type NormalisedTree,
  type TreeSpec,
} from '@espalier/supervisor';
import {
  problemOf,
  type ApplyOutcome,
  type ApplyRequest,
  type ChangedLimits,
  type LimitsOutcome,
  type RollbackRequest,
} from '@espalier/supervisor/client';
import { limitsOf, nodeIn, stillHolding, withChanged } from '../changed-limits.js';
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
  /** To hold over it; by default those that were changed and still hold. */
  readonly limits?: readonly ChangedLimits[];
}

export class Applies {
  readonly #options: AppliesOptions;
  #last: Promise<unknown> = Promise.resolve();
  #starting = true;
  #failure: string | undefined;
  /** The tree runs by it, and it could not be written: that is made up for before anything else is done. */
  #unkept: NewRevision | undefined;

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

  /** Resolves with a line that says how it went. */
  reload(file: string): Promise<string> {
    return this.#inTurn(async () => {
      try {
        const { outcome, description } = await this.#apply(await read(file), false, null);
        return `${file}: ${outcome}, ${summaryOf(description)}`;
      } catch (error) {
        const { detail, code, remedy } = problemOf(error);
        return `${file} was not applied: ${detail} (${code}). ${remedy}`;
      }
    });
  }

  rollback({ revision, check = false }: RollbackRequest): Promise<ApplyOutcome> {
    return this.#inTurn(async () => {
      await this.#keepUnkept();
      const { history } = this.#options;
      const earlier = await history.read(revision ?? history.previous);
      return this.#apply(earlier, check, earlier.revision);
    });
  }

  /** Of a node of the applied spec they make a revision; those of any other go when it goes. */
  limits(change: ChangedLimits): Promise<LimitsOutcome> {
    return this.#inTurn(async () => {
      await this.#keepUnkept();
      const { history, root } = this.#options;
      const { last } = history;
      const { path } = change;
      const isKept = last !== undefined && nodeIn(treeOf(last), path) !== undefined;
      const limits = isKept ? withChanged(last.limits, change) : [];
      const isNew = isKept && !isDeepStrictEqual(limitsOf(last.limits, path), limitsOf(limits, path));
      const note = isNew ? { ...noteOf(last), order: randomUUID(), rollbackTo: null, limits } : null;
      const { now, atRestart } = await this.#kept(
        note,
        () => root.ask('limits', { ...change, note }),
        () => limitsSummary(change),
      );
      const revision = isKept ? (history.last?.revision ?? null) : null;
      return { path, now: [...now], atRestart: [...atRestart], revision };
    });
  }

  async #begin(file: string | null): Promise<void> {
    const { history, root } = this.#options;
    const { state, note } = await root.ask('settled');
    const applied = note as Note | null;
    if (applied !== null && applied.order !== history.last?.order) {
      // Applied by a life of this driver that did not come to write it.
      const summary = 'applied when the daemon’s driver of administration ended';
      this.#unkept = { ...applied, summary, at: this.#now };
      // Without room the tree runs on all the same, and the next change comes after it.
      await this.#keepUnkept().catch(() => undefined);
    }
    // A tree that has ended of itself is not started again because this driver was.
    if (state !== 'empty') return;
    if (file !== null) await this.#apply(await read(file), false, null);
    else if (history.last !== undefined) await this.#apply(history.last, false, null);
  }

  async #apply(given: Text, check: boolean, rollbackTo: number | null): Promise<ApplyOutcome> {
    await this.#keepUnkept();
    const { history, root } = this.#options;
    const { text, base, source } = given;
    const { last } = history;
    const spec = parseSpec(text, { path: source ?? 'the spec', base });
    // Checked here, where it is known at which line of the text each part stands.
    const tree = normaliseSpec(spec.input, spec);
    const before =
      last === undefined || last.limits.length === 0 ? [] : stillHolding(last.limits, treeOf(last), tree);
    const limits = given.limits ?? before;
    const isKept = last?.text === text && last.base === base && isDeepStrictEqual(last.limits, limits);
    const note: Note = {
      order: isKept ? last.order : randomUUID(),
      tree: tree.name,
      source,
      base,
      text,
      rollbackTo,
      limits: [...limits],
    };
    const done = await this.#kept(
      check || isKept ? null : note,
      async () => {
        const applied = await root.ask('apply', { input: spec.input as TreeSpec, base, check, limits, note });
        if (!check) this.#failure = undefined;
        return applied;
      },
      ({ makesRevision, description }) => (makesRevision ? summaryOf(description) : undefined),
    );
    const revision = history.last?.revision ?? null;
    const { outcome, changes, description } = done;
    return { outcome, revision, changes: changes as ApplyOutcome['changes'], description };
  }

  /**
   * Carries something out, and keeps it with its summary, if it has one. There is room for the note before: what
   * could not be kept is not begun.
   *
   * @throws HostError `state_unwritable`.
   */
  async #kept<T>(
    note: Note | null,
    carryOut: () => Promise<T>,
    summary: (done: T) => string | undefined,
  ): Promise<T> {
    if (note === null) return carryOut();
    const reserved = await this.#options.history.reserve(note);
    try {
      const done = await carryOut();
      const words = summary(done);
      if (words !== undefined) {
        this.#unkept = { ...note, summary: words, at: this.#now };
        await reserved.add(this.#unkept);
        this.#unkept = undefined;
      }
      return done;
    } finally {
      await reserved.release();
    }
  }

  async #keepUnkept(): Promise<void> {
    if (this.#unkept === undefined) return;
    await this.#options.history.add(this.#unkept);
    this.#unkept = undefined;
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

function treeOf({ text, base, source }: Text): NormalisedTree {
  const spec = parseSpec(text, { path: source ?? 'the spec', base });
  return normaliseSpec(spec.input, spec);
}

function noteOf({ tree, source, base, text, rollbackTo, order, limits }: Note): Note {
  return { tree, source, base, text, rollbackTo, order, limits };
}

function limitsSummary({ path, limits }: ChangedLimits): string {
  return `limits of ${path}: ${Object.entries(limits)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}`;
}

async function read(file: string): Promise<Text> {
  const { text, base } = await readSpecText(file);
  return { text, base, source: file };
}

/** The last line of a description says what it comes to. */
function summaryOf(description: string): string {
  return description.slice(description.lastIndexOf('\n') + 1);
}
