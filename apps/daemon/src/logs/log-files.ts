/**
 * Lines of logs in files, one file for each environment, as JSON lines. A file that is full becomes the first of
 * some generations, of which the last goes; if all together are too large, those that nobody has written to for
 * longest go. It is one thread's alone, so it is synchronous: a line that was answered for is with the system.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLine } from '@espalier/supervisor/client';
import type { LogQuery } from '../drivers/logs-client.js';

export interface LogQuota {
  /** Of one file, in bytes. */
  readonly fileBytes: number;
  /** Files of one environment, the one that is written to among them. */
  readonly generations: number;
  /** Of all files, in bytes. */
  readonly totalBytes: number;
}

const QUOTA: LogQuota = { fileBytes: 1024 * 1024, generations: 5, totalBytes: 64 * 1024 * 1024 };
const LONGEST_NAME = 200;
const SUFFIX = '.jsonl';

export class LogFiles {
  readonly #folder: string;
  readonly #quota: LogQuota;
  /** Bytes by file name. Who was written to last stands last. */
  readonly #sizes = new Map<string, number>();
  #total = 0;

  private constructor(folder: string, quota: LogQuota) {
    this.#folder = folder;
    this.#quota = quota;
  }

  static async open(
    folder: string,
    prepare: (folder: string) => Promise<void>,
    quota: LogQuota = QUOTA,
  ): Promise<LogFiles> {
    await prepare(folder);
    const files = new LogFiles(folder, quota);
    const found = readdirSync(folder).flatMap((name) => {
      if (!name.includes(SUFFIX)) return [];
      const { size, mtimeMs } = statSync(join(folder, name));
      return [{ name, size, mtimeMs }];
    });
    for (const { name, size } of found.sort((a, b) => a.mtimeMs - b.mtimeMs)) files.#sized(name, size);
    return files;
  }

  add(lines: readonly LogLine[]): void {
    const texts = new Map<string, string>();
    for (const line of lines) {
      texts.set(line.path, `${texts.get(line.path) ?? ''}${JSON.stringify(line)}\n`);
    }
    for (const [path, text] of texts) this.#append(fileOf(path), text);
    this.#makeRoom();
  }

  /** In the order in which they were written. */
  read({ path, after, lines }: LogQuery): readonly LogLine[] {
    if (lines === 0) return [];
    const found = [...this.#sizes.keys()]
      .filter((name) => path === null || mayHold(name, path))
      .flatMap((name) => linesOf(join(this.#folder, name)))
      .filter((line) => line.id > after && (path === null || isAtOrBelow(line.path, path)));
    return found.sort((a, b) => a.id - b.id).slice(-lines);
  }

  #append(name: string, text: string): void {
    const bytes = Buffer.byteLength(text);
    if ((this.#sizes.get(name) ?? 0) + bytes > this.#quota.fileBytes) this.#rotate(name);
    appendFileSync(join(this.#folder, name), text, { mode: 0o600 });
    this.#sized(name, (this.#sizes.get(name) ?? 0) + bytes);
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

/** The last line of a file may be torn: the machine went off while it was written. */
function linesOf(file: string): LogLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return text === '' ? [] : [JSON.parse(text) as LogLine];
      } catch {
        return [];
      }
    });
}
