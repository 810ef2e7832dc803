/**
 * What a module's name in a spec stands for: a file, or a package specifier that the bundler resolves
 * from the base folder. Only names that start with `.`, `/` or `file:` are files, as in an import; the
 * remedy of the error says so when somebody wrote `lib/front.ts` and meant a file.
 */
import { realpathSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../errors.js';

export interface ModuleLocation {
  /** `file`: `name` is the absolute real path of a file. `package`: `name` is the specifier as given. */
  readonly kind: 'file' | 'package';
  readonly name: string;
}

const EXTENSIONS = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs'] as const;

function kindOf(path: string): 'file' | 'folder' | 'nothing' {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'nothing' : stats.isFile() ? 'file' : 'folder';
}

function tryKindOf(path: string): 'file' | 'folder' | 'nothing' {
  try {
    return kindOf(path);
  } catch {
    return 'nothing'; // ENOTDIR, EACCES: for the reader of a spec there is no such file.
  }
}

function toPath(module: string, base: string): string {
  if (!module.startsWith('file:')) return resolve(base, module);
  try {
    return fileURLToPath(module);
  } catch (cause) {
    throw new EnvironmentError('module_missing', `${module} is no usable file URL`, {
      field: 'module',
      value: module,
      remedy: 'Write file: URLs as `pathToFileURL(path).href` gives them.',
      cause,
    });
  }
}

function missing(module: string, path: string, remedy: string): EnvironmentError {
  return new EnvironmentError('module_missing', `There is no module ${path}`, {
    field: 'module',
    value: module,
    path,
    remedy,
  });
}

/** @throws EnvironmentError `module_missing`, `module_unfit` */
export function locateModule(module: string, base: string): ModuleLocation {
  const named = module.startsWith('.') || module.startsWith('file:') || isAbsolute(module);
  if (!named) {
    if (module !== '' && !isBuiltin(module)) return { kind: 'package', name: module };
    throw new EnvironmentError('module_unfit', `"${module}" is no module of a behaviour`, {
      field: 'module',
      value: module,
      remedy: 'Name a file (`./front.ts`) or a package that exports a behaviour.',
    });
  }
  const path = toPath(module, base);
  const kind = tryKindOf(path);
  if (kind === 'nothing') {
    const extension = EXTENSIONS.find((end) => tryKindOf(path + end) === 'file');
    const remedy =
      extension === undefined
        ? `Check the path; relative ones are taken from ${base}.`
        : `Write the extension too: ${module}${extension}`;
    throw missing(module, path, remedy);
  }
  if (kind === 'folder') throw missing(module, path, 'This is a folder; name the file in it.');
  if (EXTENSIONS.some((end) => path.endsWith(end))) return { kind: 'file', name: realpathSync(path) };
  throw new EnvironmentError('module_unfit', `${path} is neither JavaScript nor TypeScript`, {
    field: 'module',
    value: module,
    path,
    remedy: `Name a file that ends in one of ${EXTENSIONS.join(', ')}.`,
  });
}
