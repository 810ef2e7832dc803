/**
 * The payload `poly`: 200 different shapes in turn, for codecs and inline caches that do well only while every
 * message looks like the one before.
 */

const SHAPES = 200;

/** Field names per shape: three to ten, no two shapes share one. */
const FIELDS = Array.from({ length: SHAPES }, (_, shape) =>
  Array.from({ length: 3 + (shape % 8) }, (_unused, field) => `f${shape}_${field}`),
);

/** @param {number} i */
export function buildPoly(i) {
  const shape = i % SHAPES;
  const fields = /** @type {string[]} */ (FIELDS[shape]);
  /** @type {Record<string, number | string>} */
  const value = { id: i };
  let at = 0;
  for (const name of fields) {
    value[name] = at % 3 === 2 ? 'espalier' : i % (at + 7);
    at += 1;
  }
  return value;
}

/** @param {Record<string, number | string>} value */
export function sumPoly(value) {
  let total = 0;
  for (const name in value) {
    const field = /** @type {number | string} */ (value[name]);
    total += typeof field === 'string' ? field.length : field;
  }
  return total;
}
