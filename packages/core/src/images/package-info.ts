/**
 * Which package a file belongs to, and whether that package can be bundled at all. Packages with native
 * code look for their add-on beside their own files, by names that are put together at run time; no
 * bundler can follow that, so they are known by their signs and taken whole.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { exists } from './evidence.js';

export interface PackageInfo {
  readonly folder: string;
  /** As others import it: the folder's name below node_modules (it may be an alias), else the declared one. */
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  /** Below node_modules: somebody else's package, which may be taken whole. */
  readonly installed: boolean;
  readonly native: boolean;
}

const ADDON_LOADERS = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'prebuild-install',
  '@mapbox/node-pre-gyp',
  'node-pre-gyp',
];

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The name after the last `node_modules` of a path, with its scope. */
export function installedName(folder: string): string | null {
  const marker = `${sep}node_modules${sep}`;
  const at = folder.lastIndexOf(marker);
  if (at < 0) return null;
  const parts = folder.slice(at + marker.length).split(sep);
  return parts[0]?.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? null);
}

export function readPackage(folder: string): PackageInfo | null {
  let fields: Record<string, unknown>;
  try {
    fields = record(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  } catch {
    return null;
  }
  const dependencies = ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((field) =>
    Object.keys(record(fields[field])),
  );
  const declared = typeof fields['name'] === 'string' ? fields['name'] : null;
  const installed = installedName(folder);
  return {
    folder,
    name: installed ?? declared ?? basename(folder),
    version: typeof fields['version'] === 'string' ? fields['version'] : '',
    dependencies: [...new Set(dependencies)].sort(),
    installed: installed !== null,
    native:
      fields['gypfile'] === true ||
      exists(join(folder, 'binding.gyp')) ||
      exists(join(folder, 'prebuilds')) ||
      dependencies.some((name) => ADDON_LOADERS.includes(name)),
  };
}

/**
 * Finds the package around a file. A package.json without a name (`{"type":"module"}` in a subfolder)
 * marks no package of its own, but one that is installed may do without a name.
 */
export function packageOfFile(): (file: string) => PackageInfo | null {
  const known = new Map<string, PackageInfo | null>();
  const around = (folder: string): PackageInfo | null => {
    const before = known.get(folder);
    if (before !== undefined) return before;
    const isRoot = exists(join(folder, 'package.json')) && hasOwnName(folder);
    const parent = dirname(folder);
    const found = isRoot ? readPackage(folder) : parent === folder ? null : around(parent);
    known.set(folder, found);
    return found;
  };
  return (file) => around(dirname(file));
}

function hasOwnName(folder: string): boolean {
  const marker = `${sep}node_modules${sep}`;
  const at = folder.lastIndexOf(marker);
  if (at >= 0)
    return (
      folder
        .slice(at + marker.length)
        .split(sep)
        .join('/') === installedName(folder)
    );
  try {
    return typeof record(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))['name'] === 'string';
  } catch {
    return false;
  }
}
