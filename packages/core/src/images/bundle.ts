/**
 * Bundles one module with everything it imports into one function, with esbuild. Runs in the build
 * thread only.
 *
 * Invariants: `import.meta`, `__dirname` and `__filename` speak of the file they stand in, not of the
 * bundle. What cannot be bundled is never bundled: a round that meets a package with native code, or an
 * `import()` that only the run time can resolve, is followed by another that leaves it out.
 */
import { isBuiltin } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type * as Esbuild from 'esbuild';
import {
  explainFailure,
  missingPackage,
  namesNotInstalled,
  UnfitModule,
  type Explain,
} from './build-failure.js';
import type { BuildJob } from './build-job.js';
import { readingPlugin, type BundledFile, type Found, type Known } from './reading-plugin.js';
import { resolveImport } from './resolve-import.js';
import { DEFINES, type ImportPlace } from './source-edits.js';

/** One import as it was written, and what it led to. */
export interface BundledImport {
  readonly from: string;
  readonly specifier: string;
  /** Absolute path; null where it was left to run time. */
  readonly to: string | null;
}

export interface Bundle {
  readonly code: string;
  readonly map: string;
  readonly entry: string;
  readonly files: readonly BundledFile[];
  readonly imports: readonly BundledImport[];
  /** Package names left out, with the folder from which each was asked for. */
  readonly external: ReadonlyMap<string, string>;
  /** A plain `import()` is left in the code: it works only without a code cache. */
  readonly plainImport: boolean;
}

/** A package can pull in one that is native or missing in turn; each round leaves at least one more out. */
const MAX_ROUNDS = 16;

export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return (specifier.startsWith('@') ? parts.slice(0, 2) : parts.slice(0, 1)).join('/');
}

function settings(base: string, entry: string, known: Known, found: Found) {
  return {
    absWorkingDir: base,
    entryPoints: [entry],
    outfile: join(base, 'espalier-image.js'),
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    logLimit: 0,
    logOverride: { 'unsupported-dynamic-import': 'warning' },
    external: [...known.external],
    define: DEFINES,
    // In parentheses: V8 compiles the function at once, so that the code cache has it.
    banner: { js: '(function (require, module, exports, __espalier_meta) {' },
    footer: { js: '})' },
    plugins: [readingPlugin(base, known, found)],
  } satisfies Esbuild.BuildOptions;
}

type Result = Esbuild.BuildResult<ReturnType<typeof settings>>;

type Explaining = Pick<Explain, 'entry' | 'base' | 'resolves'>;

/**
 * What a failed round means. Either it is the end: what a plugin threw is thrown as it was, and what the
 * bundler objects to is explained. Or packages ask for others that are not installed: many do so only in
 * a branch that is never taken, and Node would not mind either, so the round is made again without these.
 */
async function namesToLeave(
  error: unknown,
  about: Explaining,
  known: Known,
  found: Found,
): Promise<string[]> {
  const messages = (error as Partial<Esbuild.BuildFailure>).errors;
  if (messages === undefined) throw error;
  const thrown = messages
    .map(({ detail }) => detail as unknown)
    .find((detail) => detail instanceof UnfitModule);
  if (thrown !== undefined) throw thrown;
  const names = (await namesNotInstalled(messages, about)).filter((name) => !known.notInstalled.has(name));
  if (names.length > 0) return names;
  throw new UnfitModule(
    await explainFailure(messages, { ...about, shift: (file) => found.shifts.get(file) ?? 0 }),
  );
}

async function entryOf(esbuild: typeof Esbuild, { location, base }: BuildJob): Promise<string> {
  if (location.kind === 'file') return location.name;
  const { path, problem } = await resolveImport(esbuild, location.name, base);
  if (path === null) throw new UnfitModule(missingPackage(location.name, base, problem));
  return path;
}

/** Each `import()` of something computed, by file, in columns of the file as its author has it. */
function latePlaces(base: string, result: Result, found: Found): Map<string, ImportPlace[]> {
  const places = new Map<string, ImportPlace[]>();
  for (const { id, location } of result.warnings) {
    if (id !== 'unsupported-dynamic-import' || location === null) continue;
    const file = resolve(base, location.file);
    const shift = location.line === 1 ? (found.shifts.get(file) ?? 0) : 0;
    const place = { line: location.line, column: location.column - shift };
    places.set(file, [...(places.get(file) ?? []), place]);
  }
  return places;
}

function lateNames(result: Result): string[] {
  const outputs = Object.values(result.metafile.outputs);
  const imports = outputs.flatMap((output) => output.imports);
  return imports
    .filter(({ kind, external }) => kind === 'dynamic-import' && external)
    .map(({ path }) => path);
}

/** @throws UnfitModule, and anything else when esbuild itself cannot run. */
export async function bundle(esbuild: typeof Esbuild, job: BuildJob): Promise<Bundle> {
  const entry = await entryOf(esbuild, job);
  const about: Explaining = {
    entry,
    base: job.base,
    resolves: async (name, folder) => (await resolveImport(esbuild, name, folder)).path !== null,
  };
  let known: Known = {
    external: new Set(job.external),
    lateNames: new Set(),
    notInstalled: new Set(),
    latePlaces: new Map(),
  };
  for (let count = 0; count < MAX_ROUNDS; count++) {
    const found: Found = { files: new Map(), native: new Set(), shifts: new Map() };
    let result: Result;
    try {
      result = await esbuild.build(settings(job.base, entry, known, found));
    } catch (error) {
      const notInstalled = await namesToLeave(error, about, known, found);
      known = { ...known, notInstalled: new Set([...known.notInstalled, ...notInstalled]) };
      continue;
    }
    const names = lateNames(result);
    const places = latePlaces(job.base, result, found);
    const native = [...found.native].some((name) => !known.external.has(name));
    const late = names.some((name) => !known.lateNames.has(name));
    const moved = [...places.keys()].some((file) => !known.latePlaces.has(file));
    if (!native && !late && !moved) {
      const plainImport = names.length > 0 || places.size > 0;
      return collect(job, entry, known.external, found, result, plainImport);
    }
    known = {
      ...known,
      external: new Set([...known.external, ...found.native]),
      lateNames: new Set([...known.lateNames, ...names]),
      latePlaces: new Map([...places, ...known.latePlaces]),
    };
  }
  throw new UnfitModule({
    code: 'module_unfit',
    message: `${entry} imports packages with native code that import others, ${MAX_ROUNDS} deep`,
    value: entry,
    path: entry,
    remedy: `List these packages under \`external\`: ${[...known.external].join(', ')}`,
    cause: `Each of ${MAX_ROUNDS} rounds met another package that cannot be bundled.`,
  });
}

function collect(
  { base, external: wanted }: BuildJob,
  entry: string,
  names: ReadonlySet<string>,
  found: Found,
  result: Result,
  plainImport: boolean,
): Bundle {
  const imports: BundledImport[] = [];
  const external = new Map<string, string>();
  for (const [key, input] of Object.entries(result.metafile.inputs)) {
    const from = resolve(base, key);
    if (!found.files.has(from)) continue;
    for (const { original, path, external: left } of input.imports) {
      const specifier = original ?? path;
      const name = packageName(specifier);
      if (names.has(name) && !isBuiltin(specifier) && !external.has(name)) external.set(name, dirname(from));
      const target = left === true || !found.files.has(resolve(base, path)) ? null : resolve(base, path);
      if (!isAbsolute(specifier)) imports.push({ from, specifier, to: target });
    }
  }
  for (const name of wanted) if (!external.has(name)) external.set(name, dirname(entry));
  const text = (end: string): string => result.outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return {
    code: text('.js'),
    map: text('.js.map'),
    entry,
    files: [...found.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    imports,
    external,
    plainImport,
  };
}
