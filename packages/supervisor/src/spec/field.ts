/**
 * The parts of which the field table is made. A kind of value knows how to say what it expects, its
 * JSON Schema, and how to read it: it returns the normalised value, or reports a problem and returns
 * undefined, so that reading goes on and finds the next problem.
 */
import { pathOf, shown, type Problems, type Segments } from './problems.js';

export type JsonSchema = { readonly [key: string]: unknown };

export interface Place {
  readonly segments: Segments;
  readonly problems: Problems;
  /** The folder that relative module paths are taken from, as a `file:` URL. */
  readonly base: string;
}

export interface Kind<T = unknown> {
  /** Completes "must be …". */
  readonly expects: string;
  readonly schema: JsonSchema;
  readonly read: (value: unknown, place: Place) => T | undefined;
}

export interface Field {
  readonly kind: Kind;
  /** What it means, for people. Markdown, one sentence or two. */
  readonly says: string;
  /** The default as it is shown; without: the field must be given. */
  readonly default?: string;
}

/** A table with a field for each key of S, and no other: types and table cannot drift apart. */
export type FieldTable<S> = { readonly [K in keyof Required<S>]: Field };

export function inside(place: Place, segment: string | number): Place {
  return { ...place, segments: [...place.segments, segment] };
}

/** Reports that the value is not what is expected. */
export function refuse(place: Place, value: unknown, expects: string, remedy: string): undefined {
  const name = pathOf(place.segments.slice(-1));
  place.problems.add(place.segments, value, `${name} must be ${expects}, not ${shown(value)}.`, remedy);
  return undefined;
}

export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const list = words.map((word) => `\`${word}\``);
  const expects = list.length === 1 ? `${list[0]}` : `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`;
  return {
    expects,
    schema: { enum: words },
    read: (value, place) => {
      const word = words.find((candidate) => candidate === value);
      return word ?? refuse(place, value, expects, `Write ${expects}.`);
    },
  };
}

/** A list of different words. */
export function listOf<T>(kind: Kind<T>, expects: string): Kind<readonly T[]> {
  return {
    expects,
    schema: { type: 'array', items: kind.schema, uniqueItems: true },
    read: (value, place) => {
      if (!Array.isArray(value)) return refuse(place, value, expects, `Write ${expects}; [] for none.`);
      const read = value.map((part, i) => kind.read(part, inside(place, i)));
      return Object.freeze([...new Set(read.filter((part) => part !== undefined))]);
    },
  };
}

export interface Range {
  readonly min: number;
  readonly max: number;
  /** Of what; `megabytes`. */
  readonly unit?: string;
  /** Fractions are allowed too. */
  readonly fractions?: boolean;
}

export function numberIn({ min, max, unit, fractions = false }: Range): Kind<number> {
  const expects = `a ${fractions ? '' : 'whole '}number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`;
  return {
    expects,
    schema: { type: fractions ? 'number' : 'integer', minimum: min, maximum: max },
    read: (value, place) => {
      if (typeof value !== 'number') return refuse(place, value, expects, plainNumber(value, expects));
      const fits = Number.isFinite(value) && value >= min && value <= max;
      if (!fits || (!fractions && !Number.isInteger(value)))
        return refuse(place, value, expects, `Write ${expects}.`);
      return value;
    },
  };
}

/** "64" is the commonest of all mistakes, and V8 would silently take it for something else. */
function plainNumber(value: unknown, expects: string): string {
  const quoted = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
  return quoted ? `Write ${Number(value)}, without quotes.` : `Write ${expects}.`;
}

/** A number, or one of a few words. */
export function numberOr<const W extends string>(range: Range, ...words: readonly W[]): Kind<number | W> {
  const number = numberIn(range);
  const expects = `${number.expects}, or ${oneOf(...words).expects}`;
  return {
    expects,
    schema: { anyOf: [number.schema, { enum: words }] },
    read: (value, place) => {
      const word = words.find((candidate) => candidate === value);
      if (word !== undefined) return word;
      return typeof value === 'number'
        ? number.read(value, place)
        : refuse(place, value, expects, plainNumber(value, expects));
    },
  };
}

export const flag: Kind<boolean> = {
  expects: '`true` or `false`',
  schema: { type: 'boolean' },
  read: (value, place) =>
    typeof value === 'boolean'
      ? value
      : refuse(place, value, flag.expects, 'Write true or false, without quotes.'),
};

/** An object literal or one without a prototype, of whatever realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
