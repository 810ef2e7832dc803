/** Which fields of a node differ between two specs, part by part where people think of the parts. */
import { isPlainObject } from '../spec/field.js';
import type { NormalisedModule, NormalisedNode, NormalisedSupervisor } from '../spec/normalised.js';
import { fieldsOf, type FieldEffect } from './field-effects.js';
import { isSame } from './fingerprint.js';

export interface FieldChange {
  /** As in the spec, with the part that differs: `limits.heapMb`, `env.PORT`. `code`: the bytes of the image, by hash. */
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly effect: FieldEffect;
}

/** Fields whose parts are told one by one. */
const IN_PARTS: ReadonlySet<string> = new Set([
  'limits',
  'env',
  'bindings',
  'backoff',
  'pool',
  'walls',
  'grants',
]);

/** Both are of the same kind. `startsSame`: what they are started with is known to be the same. */
export function changedFields(
  was: NormalisedNode,
  is: NormalisedNode,
  startsSame: boolean,
): readonly FieldChange[] {
  const before = new Map(fieldsOf(was).map(({ name, value }) => [name, value]));
  return fieldsOf(is).flatMap(({ name, value, effect }) => {
    const old = before.get(name);
    if ((startsSame && effect === 'restart') || isSame(old, value)) return [];
    if (!IN_PARTS.has(name) || !isPlainObject(old) || !isPlainObject(value))
      return [{ field: name, ...shown(old, value), effect }];
    const keys = new Set([...Object.keys(old), ...Object.keys(value)]);
    return [...keys]
      .filter((key) => !isSame(old[key], value[key]))
      .map((key) => ({ field: `${name}.${key}`, ...shown(old[key], value[key]), effect }));
  });
}

/** The order in which children start, of those that stay. */
export function orderChange(was: NormalisedSupervisor, is: NormalisedSupervisor): readonly FieldChange[] {
  const idsOf = (one: NormalisedSupervisor, other: NormalisedSupervisor): string[] => {
    const there = new Set(other.children.map(({ id }) => id));
    return one.children.map(({ id }) => id).filter((id) => there.has(id));
  };
  const [from, to] = [idsOf(was, is), idsOf(is, was)];
  return isSame(from, to) ? [] : [{ field: 'order', from, to, effect: 'inPlace' }];
}

/** Of a module, where it lies; where it was looked for, if only that has changed. */
function shown(from: unknown, to: unknown): { readonly from: unknown; readonly to: unknown } {
  if (!isModule(from) || !isModule(to)) return { from, to };
  const part = from.specifier === to.specifier ? 'base' : 'specifier';
  return { from: from[part], to: to[part] };
}

function isModule(value: unknown): value is NormalisedModule {
  return isPlainObject(value) && 'specifier' in value && 'base' in value;
}
