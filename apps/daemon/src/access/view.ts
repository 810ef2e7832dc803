/**
 * What one who asks can see: everything, or one node with what is below it. To who sees a part it is a tree of its
 * own: paths begin with that node's id, and nothing that is told counts or names what lies outside.
 */
import { CallError, ERROR_CODES, type EspalierError } from '@espalier/core';
import { problemOf, type EventEntry, type Problem } from '@espalier/supervisor/client';
import { isAtOrBelow } from '../logs/line-files.js';

/** An entry before it is told: with what its id is for each of those who can see it; see `ViewIds`. */
export interface Seen {
  readonly id: number;
  readonly at: string;
  readonly path: string;
  readonly own: readonly number[];
}

/** Facts of events that are about the node itself, or about what is below its supervisor. */
const TOLD = [
  'level',
  'event',
  'incarnation',
  'durationMs',
  'phase',
  'willRestart',
  'expected',
  'reason',
  'delayMs',
];
/** Those in which a supervisor counts or names its other children: told of nodes whose supervisor is seen. */
const OF_SIBLINGS = ['count', 'intensity', 'periodMs', 'others', 'child'];
const PATHS = ['receiver', 'target'];

export class View {
  /** Of the node whose tree it is; null: of all. */
  readonly path: string | null;
  /** What the paths of those who see all have in front. */
  readonly #above: string;

  constructor(path: string | null) {
    this.path = path;
    this.#above = path === null ? '' : path.slice(0, path.lastIndexOf('/') + 1);
  }

  get isWhole(): boolean {
    return this.path === null;
  }

  /** So many segments has the path of its node; 0: all is seen. */
  get depth(): number {
    return this.path === null ? 0 : this.path.split('/').length;
  }

  /** The path as those who see all know it, whether it is in here or not. */
  known(path: string): string {
    return this.#above + path;
  }

  /** The same. @throws CallError `noproc`: it is not in here, or cannot be. */
  inside(path: string): string {
    const known = this.known(path);
    if (this.path === null || isAtOrBelow(known, this.path)) return known;
    throw new CallError('noproc', `there is nothing at '${path}'`, { field: 'path', value: path });
  }

  sees(path: string): boolean {
    return this.path === null || isAtOrBelow(path, this.path);
  }

  /** As it is called in here; undefined for what is not. */
  outside(path: string): string | undefined {
    return this.sees(path) ? path.slice(this.#above.length) : undefined;
  }

  /** The id of an entry in here: it depends on nothing that is not. */
  idOf({ id, at, own }: Seen): number {
    return this.path === null ? id : Date.parse(at) * 1000 + (own[this.depth - 1] ?? 0);
  }

  event(entry: EventEntry & Seen): EventEntry {
    const { own: _own, ...whole } = entry;
    if (this.path === null) return whole;
    const names = entry.path === this.path ? TOLD : [...TOLD, ...OF_SIBLINGS];
    const facts: Record<string, unknown> = {};
    for (const name of names) if (name in entry) facts[name] = entry[name];
    for (const name of PATHS) {
      const path = typeof entry[name] === 'string' ? this.outside(entry[name]) : undefined;
      if (path !== undefined) facts[name] = path;
    }
    const { name, message, code } = (entry['err'] ?? {}) as Readonly<Record<string, unknown>>;
    if (name !== undefined) facts['err'] = { name, message, ...(code === undefined ? {} : { code }) };
    const { id, at, path } = this.entry(entry);
    return { id, at, path, ...facts } as EventEntry;
  }

  entry<T extends Seen>(seen: T): Omit<T, 'own'> {
    const { own: _own, ...entry } = seen;
    return { ...entry, id: this.idOf(seen), path: seen.path.slice(this.#above.length) };
  }

  /** What went wrong, in words that are the same whatever there is outside. */
  problem(error: unknown): Problem {
    const problem = problemOf(error);
    const { code, status, type, reason, problems } = problem;
    if (this.path === null || code === 'request_malformed') return problem;
    const { meaning, remedy } = ERROR_CODES[code as EspalierError['code']];
    return {
      type,
      title: meaning,
      status,
      detail: meaning,
      code,
      remedy,
      ...(reason === undefined ? {} : { reason: { tag: reason.tag } }),
      ...(problems === undefined ? {} : { problems }),
    };
  }
}
