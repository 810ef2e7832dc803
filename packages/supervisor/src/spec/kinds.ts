/** The kinds of value that are particular to a tree spec: names, modules, values, environment strings. */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deepFreeze } from './defaults.js';
import { inside, isPlainObject, refuse, type Kind, type Place } from './field.js';
import type { NormalisedModule } from './normalised.js';
import { pathOf, shown } from './problems.js';

/** What `cluster.imports.prices` begins with: a name of another host, as `cluster` of the root imports it. */
const IMPORT = 'cluster.imports.';

/** The exported name, if an import is meant. */
export function importOf(send: string): string | undefined {
  return send.startsWith(IMPORT) ? send.slice(IMPORT.length) : undefined;
}

const ID = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const WORD = `^${ID}$`;
const GRANTEE = `^((/${ID})+|cluster\\.imports\\.${ID})$`;
/** Whom a grant leads to: a path from the root on, or an import. */
export const grantee: Kind<string> = {
  expects: 'the path of a node, from the root on, or an import: `/store/db`, `cluster.imports.prices`',
  schema: { type: 'string', pattern: GRANTEE },
  read: (value, place) => {
    if (typeof value === 'string' && new RegExp(GRANTEE, 'u').test(value)) return value;
    return refuse(place, value, grantee.expects, 'Write the ids on the way to it, each after a `/`.');
  },
};

const WORD_SAYS = 'a word of 1 to 128 letters, digits, `_`, `.` or `-`';

export function isWord(value: unknown): value is string {
  return typeof value === 'string' && new RegExp(WORD, 'u').test(value);
}

/** Ids and names are parts of paths and of lines in a log, so they hold nothing that would break either. */
export const word: Kind<string> = {
  expects: WORD_SAYS,
  schema: { type: 'string', pattern: WORD },
  read: (value, place) => {
    if (isWord(value)) return value;
    const quote =
      typeof value === 'number' ? `Write "${value}", with quotes.` : 'Write a short name, e.g. `prices`.';
    return refuse(place, value, WORD_SAYS, quote);
  },
};

export const wordOrNull: Kind<string | null> = {
  expects: `${WORD_SAYS}, or null for none`,
  schema: { anyOf: [word.schema, { type: 'null' }] },
  read: (value, place) => (value === null ? null : word.read(value, place)),
};

const PACKAGE = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(\/[^\s\\]*)?$/i;
const MODULE_SAYS = 'a file path, a package name or a `file:` URL';

/** Whether the module is there is found out when its image is built, not here. */
export const module: Kind<NormalisedModule> = {
  expects: MODULE_SAYS,
  schema: { type: 'string', minLength: 1 },
  read: (value, place) => {
    const specifier = value instanceof URL ? value.href : value;
    if (typeof specifier !== 'string' || specifier === '' || specifier.includes('\0')) {
      return refuse(place, value, MODULE_SAYS, 'Write e.g. `./prices.ts`.');
    }
    const resolved = resolveModule(specifier, place.base);
    if (resolved !== undefined) return Object.freeze({ specifier: resolved, base: place.base });
    const file = /^[^:]*\.[cm]?[jt]sx?$/.test(specifier);
    return refuse(
      place,
      specifier,
      MODULE_SAYS,
      file ? `Write \`./${specifier}\`.` : 'Write e.g. `./prices.ts`.',
    );
  },
};

function resolveModule(specifier: string, base: string): string | undefined {
  if (/^\.\.?($|\/)/.test(specifier)) return new URL(encodePath(specifier), base).href;
  if (isAbsolute(specifier)) return pathToFileURL(specifier).href;
  if (specifier.startsWith('file:')) return URL.canParse(specifier) ? new URL(specifier).href : undefined;
  // A bare `prices.ts` is far likelier a forgotten `./` than a package.
  if (/^[^/@]+\.[cm]?[jt]sx?$/.test(specifier)) return undefined;
  return PACKAGE.test(specifier) ? specifier : undefined;
}

/** A path is no URL: `#`, `?` and `%` in file names are meant as they stand. */
function encodePath(path: string): string {
  return path.replace(/%/g, '%25').replace(/\?/g, '%3F').replace(/#/g, '%23');
}

const PLAIN_DATA = 'Use plain data only (docs/values.md).';

export const value: Kind = {
  expects: 'a value of the closed set',
  schema: {},
  read: (given, place) => {
    const refused = firstUnfit(given, place, new Set());
    if (refused !== undefined) {
      const [path, what] = refused;
      const problem = `${pathOf(path)} holds ${what}, which is no value that can be passed on.`;
      place.problems.add(path, what, problem, PLAIN_DATA);
      return undefined;
    }
    // A copy, so that what the caller changes later does not change the spec.
    try {
      return deepFreeze(structuredClone(given));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      place.problems.add(
        place.segments,
        'a value',
        `It holds something that cannot be passed on: ${why}`,
        PLAIN_DATA,
      );
      return undefined;
    }
  },
};

/** What `structuredClone` refuses or would quietly turn into something else. Encoding checks the rest. */
function firstUnfit(
  given: unknown,
  place: Place,
  above: Set<object>,
): [Place['segments'], string] | undefined {
  if (typeof given === 'function' || typeof given === 'symbol') return [place.segments, `a ${typeof given}`];
  if (typeof given !== 'object' || given === null || above.has(given)) return undefined;
  const list = Array.isArray(given);
  if (!list && !isPlainObject(given)) {
    const kept = Object.prototype.toString.call(given).slice(8, -1);
    return VALUE_CLASSES.has(kept)
      ? undefined
      : [place.segments, `an instance of ${given.constructor?.name ?? 'a class'}`];
  }
  if (above.size >= 1000) return [place.segments, 'more than 1000 levels'];
  above.add(given);
  for (const [key, part] of Object.entries(given)) {
    if (key === '__proto__') return [place.segments, 'a key `__proto__`'];
    const unfit = firstUnfit(part, inside(place, list ? Number(key) : key), above);
    if (unfit !== undefined) return unfit;
  }
  above.delete(given);
  return undefined;
}

const VALUE_CLASSES: ReadonlySet<string> = new Set([
  ...[
    'Date',
    'RegExp',
    'Map',
    'Set',
    'Error',
    'ArrayBuffer',
    'DataView',
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
  ],
  ...['Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array'],
  ...['BigInt64Array', 'BigUint64Array'],
]);

/** A map from names to values of one kind. */
export function mapOf<T>(
  kind: Kind<T>,
  expects: string,
  keyProblem: (key: string) => string | undefined,
): Kind<Record<string, T>> {
  return {
    expects,
    schema: { type: 'object', additionalProperties: kind.schema },
    read: (given, place) => {
      if (!isPlainObject(given)) return refuse(place, given, expects, `Write ${expects}.`);
      const entries: [string, T][] = [];
      for (const [key, part] of Object.entries(given)) {
        const problem = keyProblem(key);
        if (problem !== undefined) {
          place.problems.add([...place.segments, key], part, problem, 'Choose another name.');
          continue;
        }
        const read = kind.read(part, inside(place, key));
        if (read !== undefined || part === undefined) entries.push([key, read as T]);
      }
      return Object.freeze(Object.fromEntries(entries));
    },
  };
}

export const bindings = mapOf(value, 'a map from names to values', (key) =>
  key === '__proto__' || key === '' ? `A binding cannot be called ${shown(key)}.` : undefined,
);

const envString: Kind<string> = {
  expects: 'a string',
  schema: { type: 'string' },
  read: (given, place) => {
    if (typeof given === 'string' && !given.includes('\0')) return given;
    const plain = typeof given === 'number' || typeof given === 'boolean';
    // Only what is plain is turned into text: an object may have no way to become one.
    const remedy = plain
      ? `Write "${String(given)}", with quotes: environment variables are strings.`
      : 'Write a string.';
    return refuse(place, given, 'a string', remedy);
  },
};

export const env = mapOf(envString, 'a map from names to strings', (key) =>
  key === '' || key === '__proto__' || /[=\0]/.test(key)
    ? `An environment variable cannot be called ${shown(key)}.`
    : undefined,
);

export const packages: Kind<readonly string[]> = {
  expects: 'a list of package names',
  schema: { type: 'array', items: { type: 'string' } },
  read: (given, place) => {
    if (!Array.isArray(given)) return refuse(place, given, packages.expects, 'Write e.g. [pg].');
    const names = given.map((name: unknown, i) =>
      typeof name === 'string' && PACKAGE.test(name)
        ? name
        : refuse(inside(place, i), name, 'a package name', 'Write the name as in package.json.'),
    );
    return Object.freeze(names.filter((name) => name !== undefined));
  },
};
