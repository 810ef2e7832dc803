/** Gathers, after a bundle was made, what would have to change for it to come out differently. */
import { readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { packageName, type Bundle } from './bundle.js';
import { exists, hashListing, packageFinder, type Evidence } from './evidence.js';
import type { ExternalFolder } from './externals.js';
import { hashBytes, type Hash } from './image.js';
import { installedName } from './package-info.js';

/** The order in which the bundler tries extensions. */
const EXTENSIONS = ['.tsx', '.ts', '.jsx', '.js', '.css', '.json'];

/** In TypeScript, `./x.js` may mean one of these. */
const WRITTEN_AS: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** Where the bundler looks for a relative import, in its order. */
function candidates(wanted: string): string[] {
  const end = extname(wanted);
  const stem = wanted.slice(0, wanted.length - end.length);
  return [
    wanted,
    ...EXTENSIONS.map((extension) => wanted + extension),
    ...(WRITTEN_AS[end] ?? []).map((extension) => stem + extension),
    ...EXTENSIONS.map((extension) => join(wanted, `index${extension}`)),
  ];
}

class Gatherer {
  readonly files = new Map<string, Hash>();
  readonly links = new Map<string, readonly [string, string, string | null]>();
  readonly real = new Map<string, string>();
  readonly absent = new Set<string>();
  readonly listings = new Map<string, Hash>();
  readonly #find = packageFinder();

  addFile(path: string): void {
    if (!this.files.has(path)) this.files.set(path, hashBytes(readFileSync(path)));
  }

  /** The nearest file of that name, and that there is none in between. */
  addNearest(folder: string, name: string): string | null {
    for (let current = folder; ; current = dirname(current)) {
      const path = join(current, name);
      if (exists(path)) {
        this.addFile(path);
        return path;
      }
      this.absent.add(path);
      if (dirname(current) === current) return null;
    }
  }

  addPackage(folder: string, name: string): void {
    const key = `${folder}\0${name}`;
    if (this.links.has(key)) return;
    const found = this.#find(folder, name);
    this.links.set(key, [folder, name, found]);
    const manifest = found === null ? null : join(found, 'package.json');
    if (manifest !== null && exists(manifest)) this.addFile(manifest);
  }

  /** What would be found before the file that a relative import has led to, and the links on the way to it. */
  addRelative(folder: string, specifier: string, to: string): void {
    const wanted = resolve(folder, specifier);
    for (const candidate of candidates(wanted)) {
      if (candidate === to) return;
      if (!exists(candidate)) {
        this.absent.add(candidate);
      } else if (realpathSync(candidate) === to) {
        this.real.set(candidate, to);
        return;
      }
    }
  }

  /** `./plugins/*.ts`, which the bundler makes of `./plugins/${name}.ts`: any file there may be meant. */
  addListing(folder: string, pattern: string): void {
    const start = resolve(folder, pattern.slice(0, pattern.indexOf('*')).replace(/[^/]*$/, ''));
    this.listings.set(start, hashListing(start));
  }

  addTsconfig(folder: string): void {
    let path = this.addNearest(folder, 'tsconfig.json');
    for (let depth = 0; path !== null && depth < 8; depth++) path = this.#extended(path);
  }

  /** Follows one relative `extends`; a base configuration out of a package changes with its version only. */
  #extended(path: string): string | null {
    const base = /"extends"\s*:\s*"(\.[^"]*)"/.exec(readFileSync(path, 'utf8'))?.[1];
    if (base === undefined) return null;
    const target = resolve(dirname(path), base);
    const found = [target, `${target}.json`].find(exists) ?? null;
    if (found === null || this.files.has(found)) return null;
    this.addFile(found);
    return found;
  }
}

export function gatherEvidence(
  bundle: Bundle,
  base: string,
  specifier: string | null,
  externals: ExternalFolder | null,
): Evidence {
  const gatherer = new Gatherer();
  for (const { path, hash } of [...bundle.files, ...(externals?.sources ?? [])])
    gatherer.files.set(path, hash);
  const folders = new Set(bundle.files.map(({ path }) => dirname(path)));
  for (const folder of folders) {
    gatherer.addNearest(folder, 'package.json');
    if (installedName(folder + sep) === null) gatherer.addTsconfig(folder);
  }
  if (specifier !== null) gatherer.addPackage(base, packageName(specifier));
  for (const { from, specifier: wanted, to } of bundle.imports) {
    if (isBuiltin(wanted)) continue;
    if (wanted.startsWith('.')) {
      if (to !== null) gatherer.addRelative(dirname(from), wanted, to);
      else if (wanted.includes('*')) gatherer.addListing(dirname(from), wanted);
    } else if (!wanted.startsWith('#') && !wanted.startsWith('/') && !wanted.startsWith('@espalier/')) {
      gatherer.addPackage(dirname(from), packageName(wanted));
    }
  }
  for (const { folder, name } of externals?.asked ?? []) gatherer.addPackage(folder, name);
  return {
    files: [...gatherer.files],
    links: [...gatherer.links.values()],
    real: [...gatherer.real],
    absent: [...gatherer.absent].sort(),
    listings: [...gatherer.listings],
  };
}
