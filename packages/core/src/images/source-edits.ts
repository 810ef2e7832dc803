/**
 * The two small changes that are made to a source file before it is bundled: it is told its own place,
 * and an `import()` that only the run time can resolve goes through the image's own. (V8 forgets how a
 * script resolves `import()` when the script comes out of a code cache, so the plain one would fail.)
 *
 * Both keep every line where it is. Columns move in a changed line only: in a first line behind what was
 * put there, which is taken off again in error places, and behind a rewritten `import`.
 */

/** Where an `import` keyword stands, as the bundler says it: line from 1, column in bytes from 0. */
export interface ImportPlace {
  readonly line: number;
  readonly column: number;
}

export interface EditedSource {
  readonly text: string;
  /** How many characters (all of one byte) now stand in the first line that were not there before. */
  readonly shift: number;
}

const MENTIONS_PLACE = /\bimport\s*\.\s*meta\b|\b__dirname\b|\b__filename\b/;

export const DEFINES = {
  'import.meta': '__espalier_here',
  __dirname: '__espalier_here.dirname',
  __filename: '__espalier_here.filename',
} as const;

function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `place` is the file's path relative to the base folder. Put behind what has to stay first in a file. */
export function tellPlace(text: string, place: string): EditedSource {
  if (!MENTIONS_PLACE.test(text)) return { text, shift: 0 };
  const hashbang = /^\uFEFF?(#!.*(\r?\n|$))?/.exec(text)?.[0] ?? '';
  const rest = text.slice(hashbang.length);
  const strict = /^(\s|\/\/.*|\/\*[^]*?\*\/)*(['"])use strict\2/.test(rest) ? '"use strict";' : '';
  const told = `${strict}var __espalier_here=__espalier_meta.file(${asciiString(place)});`;
  return { text: hashbang + told + rest, shift: hashbang.includes('\n') ? 0 : told.length };
}

/** Places where no `import` stands are left alone; the builder then does without a code cache. */
export function redirectImports(text: string, places: readonly ImportPlace[]): string {
  if (places.length === 0) return text;
  const parts = text.split(/(\r\n|[\n\r\u2028\u2029])/);
  for (const { line, column } of [...places].sort((a, b) => b.column - a.column)) {
    const at = (line - 1) * 2;
    const bytes = Buffer.from(parts[at] ?? '');
    const rest = bytes.subarray(column).toString();
    if (!rest.startsWith('import')) continue;
    parts[at] = `${bytes.subarray(0, column).toString()}__espalier_meta.${rest}`;
  }
  return parts.join('');
}
