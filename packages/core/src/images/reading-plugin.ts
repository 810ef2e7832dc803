/**
 * How the bundler gets at files: through here, so that each is read once and the bytes that are hashed
 * are the bytes that are bundled. What one round finds out (packages with native code, imports that only
 * the run time can resolve) is known to the next.
 */
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { relative, sep } from 'node:path';
import type { Plugin, PluginBuild } from 'esbuild';
import { UnfitModule } from './build-failure.js';
import { hashBytes, type Hash } from './image.js';
import { installedName, packageOfFile, type PackageInfo } from './package-info.js';
import { redirectImports, tellPlace, type ImportPlace } from './source-edits.js';

export interface BundledFile {
  /** Absolute real path. */
  readonly path: string;
  readonly bytes: number;
  readonly hash: Hash;
  readonly owner: PackageInfo | null;
}

/** What is known before a round. */
export interface Known {
  /** Names of packages that are left out. */
  readonly external: ReadonlySet<string>;
  /** Names in an `import()` that are left to run time. */
  readonly lateNames: ReadonlySet<string>;
  /** Names that packages require and that are not installed: left to run time, where nobody may ask. */
  readonly notInstalled: ReadonlySet<string>;
  /** By file: each `import()` of something computed. */
  readonly latePlaces: ReadonlyMap<string, readonly ImportPlace[]>;
}

/** What a round finds. */
export interface Found {
  readonly files: Map<string, BundledFile>;
  readonly native: Set<string>;
  readonly shifts: Map<string, number>;
}

const SOURCE = /\.([cm]?[jt]s|[jt]sx|json)$/;
const PROVIDED = new RegExp(`^(@espalier/.*|node:.*|${builtinModules.join('|')})$`);
const REQUIRED = 'espalier-required';
const IMPORTED = 'espalier-imported';

export function toRelative(base: string, path: string): string {
  return relative(base, path).split(sep).join('/');
}

function lateImports(build: PluginBuild, known: Known): void {
  // Bundled as a module of its own, `import('node:os')` becomes a `require`.
  build.onResolve({ filter: PROVIDED }, ({ path, kind }) => {
    if (kind === 'dynamic-import') return { path, namespace: REQUIRED };
    return path.startsWith('@espalier/') ? { path, external: true } : undefined;
  });
  build.onLoad({ filter: /.*/, namespace: REQUIRED }, ({ path }) => ({
    contents: `module.exports = require(${JSON.stringify(path)});`,
    loader: 'js',
  }));
  // A bundled `import()` gives a promise of the module's namespace; one with a `then` gives what that gives.
  build.onResolve({ filter: /.*/ }, ({ path, kind, importer }) => {
    if (kind === 'dynamic-import' && known.lateNames.has(path)) return { path, namespace: IMPORTED };
    const asked = kind === 'require-call' || kind === 'require-resolve';
    const left = asked && known.notInstalled.has(path) && installedName(importer) !== null;
    return left ? { path, external: true } : undefined;
  });
  build.onLoad({ filter: /.*/, namespace: IMPORTED }, ({ path }) => ({
    contents: `export const then = (done, failed) => { __espalier_meta.import(${JSON.stringify(path)}).then(done, failed); };`,
    loader: 'js',
  }));
}

export function readingPlugin(base: string, known: Known, found: Found): Plugin {
  const ownerOf = packageOfFile();
  const setup = (build: PluginBuild): void => {
    lateImports(build, known);
    build.onLoad({ filter: /\.node$/ }, ({ path }) => {
      const owner = ownerOf(path);
      if (owner?.installed !== true) throw new UnfitModule(looseAddon(path));
      found.native.add(owner.name);
      return { contents: '', loader: 'empty' };
    });
    build.onLoad({ filter: SOURCE, namespace: 'file' }, ({ path }) => {
      const bytes = readFileSync(path);
      const owner = ownerOf(path);
      if (owner?.native === true && owner.installed) found.native.add(owner.name);
      found.files.set(path, { path, bytes: bytes.length, hash: hashBytes(bytes), owner });
      if (path.endsWith('.json')) return { contents: bytes, loader: 'default' };
      const redirected = redirectImports(bytes.toString('utf8'), known.latePlaces.get(path) ?? []);
      const { text, shift } = tellPlace(redirected, toRelative(base, path));
      found.shifts.set(path, shift);
      return { contents: text, loader: 'default' };
    });
  };
  return { name: 'espalier', setup };
}

function looseAddon(path: string) {
  return {
    code: 'module_unfit',
    message: `The native add-on ${path} belongs to no installed package`,
    value: path,
    path,
    remedy: 'Put the add-on into a package of its own, with its package.json, and install that.',
    cause: 'Native add-ons are taken with their whole package, and this one has none below node_modules.',
  } as const;
}
