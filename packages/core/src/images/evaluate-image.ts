/**
 * The guest's side of an image: one call makes one lexical environment. Nothing is verified here: the
 * kernel's side did, before it handed the image over.
 *
 * Invariants: the text that runs is `image.code` and nothing else; what the image may ask for by name is
 * decided by the `require` handed in and by the image's own folder of external packages.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import type { Image } from './image.js';
import { imageFilename, installStackMapper, stackMapper } from './stack-map.js';

export type Require = (specifier: string) => unknown;

/** What `import.meta`, `__dirname` and `__filename` say in one source file: where that file lies. */
export interface FileMeta {
  readonly url: string;
  readonly dirname: string;
  readonly filename: string;
}

export interface EvaluateOptions {
  /** Resolves built-in modules and `@espalier/*`; asked for everything that is not in the image. */
  readonly require: Require;
  /** Where a source file (relative to the image's base folder) lies. Default: below `image.base`. */
  readonly locate?: (file: string) => FileMeta;
  /** Whether this thread's stack traces show source lines. Default: true. */
  readonly mapStacks?: boolean;
}

export interface EvaluatedImage {
  /** `module.exports` of the entry; an ES module's default export is its `default`. */
  readonly exports: unknown;
  /** Whether V8 took the code cache; `rejected` means that another build or flags of Node made it. */
  readonly codeCache: 'used' | 'rejected' | 'absent';
}

type ImageFunction = (
  require: Require,
  module: { exports: unknown },
  exports: unknown,
  meta: ImageMeta,
) => void;

interface ImageMeta extends FileMeta {
  file(path: string): FileMeta;
  /** `import()` of what is not in the image. */
  import: Import;
}

/** Throws what the module throws while it is evaluated, and whatever `require` throws. */
export function evaluateImage(image: Image, options: EvaluateOptions): EvaluatedImage {
  const locate = options.locate ?? ((file: string) => locateBelow(image.base, file));
  if (options.mapStacks ?? true) installStackMapper(stackMapper(image));
  const script = new vm.Script(image.code, {
    filename: imageFilename(image),
    ...(image.codeCache === null ? {} : { cachedData: image.codeCache as Buffer }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const run = script.runInThisContext() as ImageFunction;
  const module: { exports: unknown } = { exports: {} };
  let load: Import | null = null;
  const meta: ImageMeta = {
    ...locate(image.manifest.entry),
    file: locate,
    import: (specifier, settings) => (load ??= importFrom(imageFilename(image)))(specifier, settings),
  };
  run(imageRequire(image, options.require), module, module.exports, meta);
  return {
    exports: module.exports,
    codeCache: image.codeCache === null ? 'absent' : script.cachedDataRejected === true ? 'rejected' : 'used',
  };
}

function locateBelow(base: string, file: string): FileMeta {
  const filename = join(base, file);
  return { url: pathToFileURL(filename).href, dirname: dirname(filename), filename };
}

function imageRequire(image: Image, provided: Require): Require {
  const externals = image.manifest.externals;
  if (externals === null || image.folder === null) return provided;
  const fromFolder = createRequire(join(image.folder, 'root', 'image.cjs')) as Require;
  return (specifier) => {
    const isExternal = externals.names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return isExternal ? fromFolder(specifier) : provided(specifier);
  };
}

type Import = (specifier: string, options?: unknown) => Promise<unknown>;

/**
 * `import()` as seen from `filename`, with Node's own loader. A script of its own, since V8 forgets this
 * setting for scripts that come out of a code cache.
 *
 * Node 20 and 22 warn once per thread, at the first such `import()`, that the setting is experimental. The
 * reader of that warning could do nothing about it, so the first one is made here, in one turn in which
 * warnings go nowhere. (Filtering later warnings would also reach those of the user's own code.)
 */
function importFrom(filename: string): Import {
  const script = new vm.Script('((specifier, options) => import(specifier, options))', {
    filename,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const load = script.runInThisContext() as Import;
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    void load('node:module').catch(() => undefined);
  } finally {
    process.emitWarning = emitWarning;
  }
  return load;
}
