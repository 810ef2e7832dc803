/**
 * When may a stored image be used instead of building it again? When each file that went into it has
 * the same bytes, and each import would still lead to the same file. Bytes are compared by hash, never
 * by time or size: the bytes hashed are the bytes that run.
 *
 * What an import leads to changes in three ways, and each leaves evidence here: a package is installed,
 * removed or relinked (`links`, `real`), a file appears that would be found earlier (`absent`) or that a computed
 * name may mean (`listings`), or a package.json
 * or tsconfig.json says something else (they are among the `files`).
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hashBytes, type Hash } from './image.js';

export interface Evidence {
  /** Absolute paths with the hash of their bytes. */
  readonly files: readonly (readonly [path: string, hash: Hash])[];
  /** Looking for package `name` from `folder` upwards ends at this real path, or nowhere. */
  readonly links: readonly (readonly [folder: string, name: string, found: string | null])[];
  /** Absolute paths with links in them, and the real paths that they stand for. */
  readonly real: readonly (readonly [path: string, real: string])[];
  /** Absolute paths where nothing is. */
  readonly absent: readonly string[];
  /** Folders out of which `import()` with a computed name takes files, with the hash of what lies there. */
  readonly listings: readonly (readonly [folder: string, hash: Hash])[];
}

/** Files hashed in one turn: bounds how long the thread that asks is kept from other work (about 2 ms). */
const FILES_PER_TURN = 32;

export type FindPackage = (folder: string, name: string) => string | null;

export function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Node's walk for a package, remembering each place it looked at: folders of one tree share most of them. */
export function packageFinder(): FindPackage {
  const places = new Map<string, string | null>();
  const at = (place: string): string | null => {
    const known = places.get(place);
    if (known !== undefined) return known;
    const found = exists(place) ? realpathSync.native(place) : null;
    places.set(place, found);
    return found;
  };
  return (folder, name) => {
    for (let current = folder; ; current = dirname(current)) {
      if (!current.endsWith(`${sep}node_modules`)) {
        const found = at(join(current, 'node_modules', name));
        if (found !== null) return found;
      }
      if (dirname(current) === current) return null;
    }
  };
}

/** The names of all files below a folder; dependencies and hidden folders are left out. */
export function hashListing(folder: string): Hash {
  const names: string[] = [];
  const enter = (current: string): void => {
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(current, entry.name);
      if (entry.isDirectory()) enter(path);
      else names.push(path);
    }
  };
  if (exists(folder)) enter(folder);
  return hashBytes(names.sort().join('\0'));
}

/** Whether everything is still as the evidence says. Yields to other work between slices. */
export async function stillHolds(evidence: Evidence): Promise<boolean> {
  const find = packageFinder();
  try {
    if (evidence.absent.some(exists)) return false;
    await nextTurn();
    if (evidence.links.some(([folder, name, found]) => find(folder, name) !== found)) return false;
    if (evidence.real.some(([path, real]) => realpathSync(path) !== real)) return false;
    if (evidence.listings.some(([folder, hash]) => hashListing(folder) !== hash)) return false;
    await nextTurn();
    for (let index = 0; index < evidence.files.length; index++) {
      if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await nextTurn();
      const [path, hash] = evidence.files[index] as (typeof evidence.files)[number];
      if (hashBytes(readFileSync(path)) !== hash) return false;
    }
    return true;
  } catch {
    return false; // A file that is gone or may not be read: building again will say what is wrong.
  }
}

/** The real path of something that may not exist yet. */
export function realPlace(path: string): string {
  if (exists(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPlace(parent), basename(path));
}
