/**
 * Turns the bundler's messages into what the author of a module needs: which file, which line, what to
 * do. The bundler gives its errors no codes, so they are told apart by facts: what stands at the place
 * the message points to, and whether the import that stands there leads anywhere. Never by their text.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { Message } from 'esbuild';
import type { BuildFailure } from './build-job.js';
import { installedName } from './package-info.js';

/** Thrown inside the build thread only; it is posted as its `failure`. */
export class UnfitModule extends Error {
  readonly failure: BuildFailure;
  constructor(failure: BuildFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Place {
  readonly file: string;
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The text that the message points to. */
  readonly token: string;
}

function placeOf(message: Message, base: string): Place | null {
  const { location } = message;
  if (location === null || location === undefined) return null;
  // The bundler counts bytes, readers count characters.
  const bytes = Buffer.from(location.lineText);
  return {
    file: isAbsolute(location.file) ? location.file : join(base, location.file),
    line: location.line,
    column: bytes.subarray(0, location.column).toString().length + 1,
    token: bytes.subarray(location.column, location.column + location.length).toString(),
  };
}

function unquoted(token: string): string | null {
  const match = /^(['"`])(.+)\1$/s.exec(token);
  return match?.[2] ?? null;
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.') || isAbsolute(specifier);

function installRemedy(specifier: string): string {
  return `Install the package, or name the file: a path starts with "./" (./${specifier}).`;
}

/** The failure for a package specifier that leads nowhere from the base folder. */
export function missingPackage(specifier: string, base: string, cause: string): BuildFailure {
  return {
    code: 'module_missing',
    message: `There is no package "${specifier}" to be found from ${base}`,
    value: specifier,
    path: base,
    remedy: installRemedy(specifier),
    cause,
  };
}

export interface Explain {
  readonly entry: string;
  readonly base: string;
  /** How many characters the builder itself has put before a file's first line. */
  readonly shift: (file: string) => number;
  /** Whether an import in that folder leads anywhere. */
  readonly resolves: (specifier: string, folder: string) => Promise<boolean>;
}

/** Names that installed packages ask for and that lead nowhere, out of a failed round's messages. */
export async function namesNotInstalled(
  messages: readonly Message[],
  { base, resolves }: Pick<Explain, 'base' | 'resolves'>,
): Promise<string[]> {
  const names: string[] = [];
  for (const message of messages) {
    const place = placeOf(message, base);
    const name = place === null ? null : unquoted(place.token);
    if (place === null || name === null || installedName(place.file) === null) continue;
    if (!isRelative(name) && !(await resolves(name, dirname(place.file)))) names.push(name);
  }
  return names;
}

export async function explainFailure(
  messages: readonly Message[],
  { entry, base, shift, resolves }: Explain,
): Promise<BuildFailure> {
  const first = messages[0];
  const cause = messages.map((message) => message.text).join('\n');
  const place = first === undefined ? null : placeOf(first, base);
  if (place === null) {
    const message = `${entry} cannot be built: ${first?.text ?? 'the bundler gave no reason'}`;
    return { code: 'module_unfit', message, value: entry, path: entry, remedy: 'See `cause`.', cause };
  }
  const column = place.line === 1 ? Math.max(1, place.column - shift(place.file)) : place.column;
  const path = `${place.file}:${place.line}:${column}`;
  const specifier = unquoted(place.token);
  if (specifier !== null && !(await resolves(specifier, dirname(place.file)))) {
    return {
      code: 'module_missing',
      message: `"${specifier}" cannot be found, imported at ${path}`,
      value: specifier,
      path,
      remedy: isRelative(specifier) ? 'Check the path in that import.' : installRemedy(specifier),
      cause,
    };
  }
  if (place.token === 'await') {
    const owner = installedName(place.file);
    return {
      code: 'module_unfit',
      message: `An image cannot await outside of an async function, as ${path} does`,
      value: 'await',
      path,
      remedy:
        owner === null
          ? 'Move the await into the behaviour: into `init` of a server, or into an async function.'
          : `List "${owner}" under \`external\` and load it with \`await import("${owner}")\` in an async function.`,
      cause,
    };
  }
  return {
    code: 'module_unfit',
    message: `${path}: ${first?.text ?? 'cannot be built'}`,
    value: place.token,
    path,
    remedy: 'Mend the source at that place; `cause` has the bundler’s words.',
    cause,
  };
}
