/**
 * Stack traces that show the user's own files and lines. Node maps stacks only for files that it has
 * loaded itself, so two ways are offered here: `stackMapper` for text that was captured elsewhere, and
 * `installStackMapper` for a guest's thread, which makes `error.stack` right wherever it is read.
 *
 * Installing sets `Error.prepareStackTrace`. V8 calls it when `stack` is first read, never when an error
 * is made, so code that makes errors and does not look at their stacks pays nothing. The source map is
 * read at the first stack that has a line of the image in it. Code that sets `prepareStackTrace` itself,
 * as some packages do, gets raw call sites as it expects.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Image } from './image.js';
import { readSourceMap, type FindOriginal } from './source-map.js';

export type MapStack = (stack: string) => string;

type MappedImage = Pick<Image, 'hash' | 'base' | 'folder' | 'sourceMap' | 'manifest'>;

/**
 * The file name that V8 is told for an image: unique, so that its lines are found again in a stack, and a
 * place from where `import()` finds the image's external packages and nothing else.
 */
export function imageFilename(image: Pick<Image, 'hash' | 'folder' | 'manifest'>): string {
  const short = image.hash.slice('sha256-'.length, 'sha256-'.length + 16);
  const name = `${short}-${basename(image.manifest.entry)}`;
  return image.folder === null ? `/espalier-image/${name}` : join(image.folder, 'root', name);
}

export function stackMapper(image: MappedImage): MapStack {
  const filename = imageFilename(image);
  const place = new RegExp(`${filename.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}:(\\d+):(\\d+)`, 'g');
  let find: FindOriginal | null = null;
  const load = (): FindOriginal => {
    try {
      const { sourceMap } = image;
      return readSourceMap('text' in sourceMap ? sourceMap.text : readFileSync(sourceMap.file, 'utf8'));
    } catch {
      return () => null; // The map is gone or unreadable: the raw place is better than no stack.
    }
  };
  return (stack) => {
    if (!stack.includes(filename)) return stack;
    find ??= load();
    const known = find;
    return stack.replace(place, (raw, line: string, column: string) => {
      const original = known(Number(line), Number(column));
      if (original === null) return raw;
      return `${join(image.base, original.source)}:${original.line}:${original.column}`;
    });
  };
}

const MAPPERS = Symbol('espalier.stack-mappers');

type Prepare = ((error: Error, sites: NodeJS.CallSite[]) => unknown) & { [MAPPERS]?: MapStack[] };

/** As Node writes it, which puts the code of its own errors behind their names. */
function headline(error: Error & { code?: unknown }, sites: readonly NodeJS.CallSite[]): string {
  try {
    const { code } = error;
    const byNode = sites[0]?.getFileName()?.startsWith('node:') === true;
    if (byNode && typeof code === 'string' && code.startsWith('ERR_')) {
      return `${error.name} [${code}]: ${error.message}`;
    }
    return Error.prototype.toString.call(error);
  } catch {
    return '<error>'; // A getter on the error threw; the lines below still help.
  }
}

function lineOf(site: { toString(): string }): string {
  return `    at ${site.toString()}`;
}

/** Makes this thread's `error.stack` pass through `map` too. */
export function installStackMapper(map: MapStack): void {
  const before = Error.prepareStackTrace as Prepare | undefined;
  const mappers = before?.[MAPPERS];
  if (mappers !== undefined) {
    mappers.push(map);
    return;
  }
  const all = [map];
  const prepare: Prepare = (error, sites) => {
    const raw = before?.(error, sites) ?? [headline(error, sites), ...sites.map(lineOf)].join('\n');
    return typeof raw === 'string' ? all.reduce((stack, next) => next(stack), raw) : raw;
  };
  prepare[MAPPERS] = all;
  Error.prepareStackTrace = prepare;
}
