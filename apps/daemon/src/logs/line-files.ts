/**
 * Lines in files, one file for each node that they are about, as JSON lines. A file that is full becomes the first of
 * some generations, of which the last goes; if all together are too large, those that nobody has written to for
 * longest go. It is one thread's alone, so it is synchronous: a line that was answered for is with the system.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../journal.js';
import { unwritable } from '../state/atomic-file.js';

/** A line of a file. */
export interface Line extends Entry {
  /** Of the node that it is about. */
  readonly path: string;
}

export interface LineQuery {
  /** Of that node and those below it; null: of all. */
  readonly path: string | null;
  readonly after: number;
  /** So many of the last of them. */
  readonly lines: number;
}

export interface LogQuota {
  /** Of one file, in bytes. */
  readonly fileBytes: number;
  /** Files of one environment, the one that is written to among them. */
  readonly generations: number;
  /** Of all files, in bytes. */
  readonly totalBytes: number;
}

export interface LineFilesOptions<T> {
  readonly quota?: LogQuota;
  /** Lines with the same one share a file, and its quota; by default, it is the path of the node. */
  readonly keptUnder?: (line: T) => string;
}

export interface LinesRead<T> {
  readonly lines: readonly T[];
  /** There are more of those that were asked for, before these; they are too long to be answered at once. */
  readonly cut: boolean;
}

interface Sized<T> {
  readonly line: T;
  readonly size: number;
}

const QUOTA: LogQuota = { fileBytes: 1024 * 1024, generations: 5, totalBytes: 64 * 1024 * 1024 };
const LONGEST_NAME = 200;
/** Of what is answered at once: each reader holds so much. Characters. */
const MOST_READ = 1024 * 1024;
const SUFFIX = '.jsonl';
const LINE_FEED = 0x0a;

export class LineFiles<T extends Line> {
  readonly #folder: string;
  readonly #quota: LogQuota;
  readonly #keptUnder: ((line: T) => string) | undefined;
  /** Bytes by file name. Who was written to last stands last. */
  readonly #sizes = new Map<string, number>();
  #total = 0;

  private constructor(folder: string, { quota = QUOTA, keptUnder }: LineFilesOptions<T>) {
    this.#folder = folder;
    this.#quota = quota;
    this.#keptUnder = keptUnder;
  }

  static async open<T extends Line>(
    folder: string,
    prepare: (folder: string) => Promise<void>,
    options: LineFilesOptions<T> = {},
  ): Promise<LineFiles<T>> {
    await prepare(folder);
    const files = new LineFiles<T>(folder, options);
    const found = readdirSync(folder).flatMap((name) => {
      if (!name.includes(SUFFIX)) return [];
      const { size, mtimeMs } = statSync(join(folder, name));
      return [{ name, size, mtimeMs }];
    });
    for (const { name, size } of found.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      files.#sized(name, withoutTornLine(join(folder, name), size));
    }
    return files;
  }

  /**
   * What goes into one file is there as a whole or not at all.
   *
   * @throws HostError `state_unwritable`: so many lines (`value`) are not in their files; all others are.
   */
  add(lines: readonly T[]): void {
    const byKey = new Map<string, T[]>();
    for (const line of lines) {
      const key = this.#keptUnder?.(line) ?? line.path;
      const some = byKey.get(key);
      if (some === undefined) byKey.set(key, [line]);
      else some.push(line);
    }
    let lost = 0;
    let failure: Error | undefined;
    for (const [key, some] of byKey) {
      try {
        this.#append(fileOf(key), some.map((line) => `${JSON.stringify(line)}\n`).join(''));
      } catch (error) {
        failure ??= error as Error;
        lost += some.length;
      }
    }
    this.#makeRoom();
    if (failure !== undefined) throw unwritable(this.#folder, failure, { field: 'lines', value: lost });
  }

  /**
   * In the order in which they were written. `idOf`: by which id they are asked for. At no time more is in memory than
   * one file and what is answered.
   */
  read(
    { path, after, lines }: LineQuery,
    idOf = (line: T): number => line.id,
    wanted = (_line: T): boolean => true,
  ): LinesRead<T> {
    let found: Sized<T>[] = [];
    let cut = false;
    for (const name of this.#sizes.keys()) {
      if (lines === 0 || !this.#mayHold(name, path)) continue;
      const more = linesOf<T>(join(this.#folder, name)).filter(({ line }) => {
        return idOf(line) > after && (path === null || isAtOrBelow(line.path, path)) && wanted(line);
      });
      if (more.length === 0) continue;
      found = [...found, ...more].sort((a, b) => a.line.id - b.line.id).slice(-lines);
      const fitting = lastThatFit(found);
      cut ||= fitting < found.length;
      found = found.slice(found.length - fitting);
    }
    return { lines: found.map(({ line }) => line), cut };
  }

  #mayHold(name: string, path: string | null): boolean {
    return path === null || this.#keptUnder !== undefined || mayHold(name, path);
  }

  #append(name: string, text: string): void {
    const bytes = Buffer.byteLength(text);
    if ((this.#sizes.get(name) ?? 0) + bytes > this.#quota.fileBytes) this.#rotate(name);
    const path = join(this.#folder, name);
    const size = this.#sizes.get(name) ?? 0;
    try {
      appendFileSync(path, text, { mode: 0o600 });
    } catch (error) {
      cutBack(path, size);
      throw error;
    }
    this.#sized(name, size + bytes);
  }

  #rotate(name: string): void {
    for (let generation = this.#quota.generations - 1; generation >= 0; generation--) {
      const from = generation === 0 ? name : `${name}.${generation}`;
      const size = this.#sizes.get(from);
      if (size === undefined) continue;
      if (generation === this.#quota.generations - 1) {
        this.#remove(from);
        continue;
      }
      const to = `${name}.${generation + 1}`;
      renameSync(join(this.#folder, from), join(this.#folder, to));
      this.#sized(from, undefined);
      this.#sized(to, size);
    }
  }

  #makeRoom(): void {
    for (const name of this.#sizes.keys()) {
      if (this.#total <= this.#quota.totalBytes) return;
      this.#remove(name);
    }
  }

  #remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true });
    this.#sized(name, undefined);
  }

  #sized(name: string, bytes: number | undefined): void {
    this.#total += (bytes ?? 0) - (this.#sizes.get(name) ?? 0);
    this.#sizes.delete(name);
    if (bytes !== undefined) this.#sizes.set(name, bytes);
  }
}

export function isAtOrBelow(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`);
}

/** A path can be longer than a file name may be; halves of characters, which have no form in UTF-8, look alike. */
function fileOf(path: string): string {
  const name = encodeURIComponent(Buffer.from(path).toString());
  if (name.length <= LONGEST_NAME) return `${name}${SUFFIX}`;
  return `#${createHash('sha256').update(JSON.stringify(path)).digest('hex')}${SUFFIX}`;
}

function mayHold(name: string, path: string): boolean {
  if (name.startsWith('#')) return true;
  const of = name.slice(0, name.indexOf(SUFFIX));
  const top = fileOf(path).slice(0, -SUFFIX.length);
  return of === top || of.startsWith(`${top}%2F`);
}

function lastThatFit(lines: readonly Sized<unknown>[]): number {
  let [count, size] = [0, 0];
  for (; count < lines.length; count++) {
    size += (lines[lines.length - 1 - count] as Sized<unknown>).size;
    if (size > MOST_READ) break;
  }
  return count;
}

/** What came of a line before the disk was full would be in the way of the next one. */
function cutBack(file: string, size: number): void {
  try {
    if (size > 0) truncateSync(file, size);
    else rmSync(file, { force: true });
  } catch {
    // Then one line is torn, and left out when it is read.
  }
}

/** The machine went off while it was written: behind it, the next line would be lost as well. Returns the size. */
function withoutTornLine(file: string, size: number): number {
  if (size === 0 || lastByteOf(file, size) === LINE_FEED) return size;
  const whole = readFileSync(file).lastIndexOf(LINE_FEED) + 1;
  truncateSync(file, whole);
  return whole;
}

function lastByteOf(file: string, size: number): number {
  const last = Buffer.alloc(1);
  const opened = openSync(file, 'r');
  try {
    readSync(opened, last, 0, 1, size - 1);
  } finally {
    closeSync(opened);
  }
  return last.readUInt8();
}

function linesOf<T>(file: string): Sized<T>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return text === '' ? [] : [{ line: JSON.parse(text) as T, size: text.length }];
      } catch {
        return [];
      }
    });
}
