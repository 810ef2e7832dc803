/**
 * One notion of "the same", for fields that are shown and for versions that are compared in the kernel:
 * two values are the same if they are encoded to the same bytes when the keys of plain objects are
 * sorted, because a spec file says nothing by their order.
 */
import { createHash } from 'node:crypto';
import { opaqueValue } from '@espalier/core/internal/host.js';
import { isPlainObject } from '../spec/field.js';

/** 64 hexadecimal digits. Throws `CallError` `value_refused` for what is no value. */
export function fingerprint(value: unknown): string {
  return createHash('sha256')
    .update(opaqueValue(sorted(value, new Map()), 'spec'))
    .digest('hex');
}

export function isSame(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || isSameFlat(one, other) || fingerprint(one) === fingerprint(other);
}

/** Plain objects of the same primitives: most of what is compared, at a hundredth of the work. False says nothing. */
function isSameFlat(one: unknown, other: unknown): boolean {
  if (!isPlainObject(one) || !isPlainObject(other)) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every(
      (key) => Object(one[key]) !== one[key] && Object.hasOwn(other, key) && Object.is(one[key], other[key]),
    )
  );
}

/** `made`: what has been copied already; a value may hold itself. */
function sorted(value: unknown, made: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = made.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    made.set(value, copy);
    for (const item of value) copy.push(sorted(item, made));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    made.set(value, copy);
    for (const [key, item] of value) copy.set(sorted(key, made), sorted(item, made));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    made.set(value, copy);
    for (const item of value) copy.add(sorted(item, made));
    return copy;
  }
  if (!isPlainObject(value)) return value;
  const copy = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  made.set(value, copy);
  for (const key of Object.keys(value).sort()) copy[key] = sorted(value[key], made);
  return copy;
}
