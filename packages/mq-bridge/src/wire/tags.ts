/** The CBOR tags in use, all of them registered with IANA; docs/wire.md says what each stands for. */
export const TAG = {
  /** Seconds since 1970, whole or not. */
  time: 1,
  bigPositive: 2,
  bigNegative: 3,
  /** [type name, arguments…]: errors, and views that have no tag of their own. */
  object: 27,
  /** The value may be referred to later. */
  shareable: 28,
  /** The n-th shareable value of this item, counted from 0. */
  sharedRef: 29,
  set: 258,
  map: 259,
  /** Text with lone surrogates, as the bytes of WTF-8. */
  wtf8: 273,
  /** A map with text keys alone: an object without prototype. */
  bare: 275,
  /** Whole seconds and fractions, for what tag 1 cannot hold exactly. */
  extendedTime: 1001,
  /** [source, flags]. */
  regExp: 21066,
} as const;

type ViewConstructor = new (buffer: ArrayBuffer) => NodeJS.TypedArray;

/** RFC 8746, little endian. */
export const VIEW_TAGS: ReadonlyMap<number, ViewConstructor> = new Map<number, ViewConstructor>([
  [64, Uint8Array],
  [68, Uint8ClampedArray],
  [69, Uint16Array],
  [70, Uint32Array],
  [71, BigUint64Array],
  [72, Int8Array],
  [77, Int16Array],
  [78, Int32Array],
  [79, BigInt64Array],
  [85, Float32Array],
  [86, Float64Array],
]);

export const TAG_OF_VIEW: ReadonlyMap<string, number> = new Map(
  [...VIEW_TAGS].map(([tag, { name }]) => [name, tag]),
);

/** Levels of nesting, in both directions. */
export const MAX_DEPTH = 1000;
