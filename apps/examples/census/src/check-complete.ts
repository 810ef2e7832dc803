/**
 * The proof that nothing is lost: the walker's list of paths against that of the statistics. They never
 * met before, so neither can have copied the other's mistake.
 */
import type { Context } from '@espalier/core';

type Walker = typeof import('./walker.js');
type Statistics = typeof import('./statistics.js');

export interface Completeness {
  /** Files that the walker found. */
  readonly found: number;
  /** Found, but not accounted for. */
  readonly missing: readonly string[];
  /** Accounted for, but not found, or twice. */
  readonly surplus: readonly string[];
}

const PATHS_AT_ONCE = 5000;

export async function checkComplete(context: Context): Promise<Completeness> {
  const walker = context.ref<Walker>('walker').call;
  const statistics = context.ref<Statistics>('statistics').call;
  const found = new Set<string>();
  for await (const path of inParts((from) => walker.next(from, PATHS_AT_ONCE))) found.add(path);
  const missing = new Set(found);
  const surplus: string[] = [];
  for await (const path of inParts((from) => statistics.paths(from, PATHS_AT_ONCE))) {
    if (!missing.delete(path)) surplus.push(path);
  }
  return { found: found.size, missing: [...missing], surplus };
}

async function* inParts(part: (from: number) => Promise<readonly string[]>): AsyncGenerator<string> {
  let from = 0;
  for (;;) {
    const paths = await part(from);
    if (paths.length === 0) return;
    from += paths.length;
    yield* paths;
  }
}
