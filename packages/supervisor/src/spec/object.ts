/**
 * Reads an object by a table of fields: unknown keys with the likely meant one, words that are not
 * built yet, and each field by its kind. What was not given is left out; defaults come afterwards,
 * because some depend on other fields.
 */
import { isPlainObject, refuse, type Field, type JsonSchema, type Kind, type Place } from './field.js';
import { notBuilt, type NodeKind } from './not-built.js';
import { pathOf, shown } from './problems.js';
import { nearest } from './suggest.js';

export type Fields = Readonly<Record<string, Field>>;

export interface Owner {
  readonly on: NodeKind;
  /** Where inside the node this object is: `limits.`; empty for the node itself. */
  readonly prefix: string;
  /** What to say of a key that is no field here but means something elsewhere. */
  readonly elsewhere?: (key: string) => string | undefined;
}

export function readObject(
  given: Record<string, unknown>,
  fields: Fields,
  owner: Owner,
  place: Place,
): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const key of Object.keys(given)) {
    const part = given[key];
    // An option that is explicitly undefined was not given.
    if (part === undefined) continue;
    const at: Place = { ...place, segments: [...place.segments, key] };
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const line = notBuilt(owner.on, `${owner.prefix}${key}`, part);
    if (line !== undefined) {
      const what = line.value === undefined ? `\`${key}\`` : `\`${key}: ${line.value}\``;
      place.problems.addNotBuilt(at.segments, part, `${what} is not built yet.`, line.instead);
    } else if (field === undefined) {
      refuseKey(key, part, fields, owner, at);
    } else {
      const result = field.kind.read(part, at);
      if (result !== undefined) read[key] = result;
    }
  }
  return read;
}

function refuseKey(key: string, part: unknown, fields: Fields, owner: Owner, place: Place): void {
  const meant = nearest(key, Object.keys(fields));
  const remedy =
    owner.elsewhere?.(key) ??
    (meant === undefined ? `Known here: ${Object.keys(fields).join(', ')}.` : `Did you mean \`${meant}\`?`);
  place.problems.add(place.segments, part, `${shown(key)} is no field here.`, remedy);
}

/** A part of a node that is an object with fields of its own: `limits`, `pool`, `backoff`. */
export function objectOf(
  fields: Fields,
  owner: Owner,
  required: readonly string[] = [],
): Kind<Record<string, unknown>> {
  const expects = `an object with ${Object.keys(fields).join(', ')}`;
  return {
    expects,
    schema: schemaOf(fields, required),
    read: (given, place) => {
      if (!isPlainObject(given))
        return refuse(place, given, expects, `Write e.g. { ${Object.keys(fields)[0]}: … }.`);
      const read = readObject(given, fields, owner, place);
      for (const key of required) requireField(given, key, place);
      return read;
    },
  };
}

export function requireField(given: Record<string, unknown>, key: string, place: Place): void {
  if (given[key] !== undefined) return;
  const path = pathOf([...place.segments, key]);
  place.problems.add([...place.segments, key], undefined, `${path} is missing.`, `Add \`${key}\`.`);
}

export function schemaOf(fields: Fields, required: readonly string[]): JsonSchema {
  const properties = Object.entries(fields).map(([key, field]) => {
    const about = field.default === undefined ? field.says : `${field.says} Default: ${field.default}.`;
    return [key, { description: about, ...field.kind.schema }] as const;
  });
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(properties),
  };
}
