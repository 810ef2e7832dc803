const DEEPEST = 8;

export interface JsonValueOptions {
  /** Numbers as they are; by default they have three decimals, as durations are read. */
  readonly exact?: boolean;
}

/** A value of the closed set as JSON can hold it: errors by their facts, what JSON has no form for as text. */
export function jsonValue(value: unknown, { exact = false }: JsonValueOptions = {}, depth = 0): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'number' && !exact) return Math.round(value * 1000) / 1000;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '…';
  const next = (part: unknown): unknown => jsonValue(part, { exact }, depth + 1);
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const code = (value as { readonly code?: unknown }).code;
    return { name, message, code, cause: cause === undefined ? undefined : next(cause), stack };
  }
  if (Array.isArray(value)) return value.map(next);
  if (value instanceof Map) return [...value].map(next);
  if (value instanceof Set) return [...value].map(next);
  if (value instanceof Date || value instanceof RegExp) return String(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, next(part)]));
}
