/**
 * Generated values of the closed set, graphs included: other codecs of the same set use them too.
 *
 * fast-check makes trees; `valueGraph` then bends some of their references, so that objects are
 * shared and cycles close, which no tree generator does by itself.
 */
import fc from 'fast-check';

type ViewMaker = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;

const VIEWS: readonly ViewMaker[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];

/** Any string of code units: lone surrogates, NUL, all of latin1, long ones. */
export const anyString: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.integer({ min: 0, max: 0xff }), { maxLength: 100 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '',
    'a'.repeat(15),
    'b'.repeat(16),
    'c'.repeat(17),
    'd'.repeat(63),
    'e'.repeat(64),
    'é'.repeat(300),
  ),
);

export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 63, 64, 255, 256, -1, 32767, 32768, -32768, -32769),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, 5e-324),
);

export const anyBigInt: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.constantFrom(0n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n),
);

export const primitive: fc.Arbitrary<unknown> = fc.oneof(
  anyString,
  anyNumber,
  anyBigInt,
  fc.constantFrom(null, undefined, true, false),
);

const date = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.constant(NaN).map((time) => new Date(time)),
);

const regExp = fc
  .tuple(
    fc.constantFrom('a', '[^a]+', 'x/y', '(?<n>é|\\u{1f600})', '', '^\n$'),
    fc.subarray([...'dgimsy']),
    fc.constantFrom('', 'u', 'v'),
  )
  .map(([source, flags, unicode]) => new RegExp(source, [...flags, unicode].join('')));

const buffer = fc.uint8Array({ maxLength: 64 }).map((bytes) => bytes.slice().buffer);

/** A view somewhere inside its buffer, as out of a pool. */
export const view: fc.Arbitrary<ArrayBufferView> = fc
  .tuple(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.constantFrom(...VIEWS), fc.nat(3), fc.nat(4))
  .map(([bytes, View, skipped, length]) => new View(bytes.slice().buffer, skipped * 8, length));

const key = fc
  .oneof(
    fc.constantFrom('id', 'op', 'data', 'name', 'constructor', 'toString', 'hasOwnProperty', '0', '17', ''),
    anyString,
  )
  .filter((text) => text !== '__proto__');

function errorOf(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const parts = fc.record(
    {
      Maker: fc.constantFrom(Error, TypeError, RangeError, SyntaxError),
      message: anyString,
      code: fc.option(fc.oneof(anyString, fc.integer()), { nil: undefined }),
      name: fc.option(fc.constantFrom('Error', 'CustomError', 'AbortError'), { nil: undefined }),
      cause: fc.option(inner, { nil: undefined }),
      errors: fc.option(fc.array(inner, { maxLength: 3 }), { nil: undefined }),
    },
    { requiredKeys: ['Maker', 'message'] },
  );
  return parts.map(({ Maker, message, code, name, cause, errors }) => {
    const error: Error = errors === undefined ? new Maker(message) : new AggregateError(errors, message);
    if (cause !== undefined) error.cause = cause;
    if (name !== undefined)
      Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true });
    return code === undefined ? error : Object.assign(error, { code });
  });
}

function objectOf(inner: fc.Arbitrary<unknown>, nullPrototype: boolean): fc.Arbitrary<object> {
  return fc.uniqueArray(fc.tuple(key, inner), { selector: ([name]) => name, maxLength: 8 }).map((entries) => {
    const object = (nullPrototype ? Object.create(null) : {}) as Record<string, unknown>;
    for (const [name, value] of entries) {
      Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  });
}

/** A tree of every type in the closed set except references. */
export const valueTree: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const inner = tie('value');
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      primitive,
      fc.oneof(date, regExp, buffer, view),
      fc.array(inner, { maxLength: 6 }),
      objectOf(inner, false),
      objectOf(inner, true),
      fc.array(fc.tuple(inner, inner), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(inner, { maxLength: 5 }).map((members) => new Set(members)),
      errorOf(inner),
    ),
  };
}).value;

function objectsIn(root: unknown): object[] {
  const found = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || found.has(value)) return;
    found.add(value);
    if (value instanceof Map) for (const pair of value) pair.forEach(visit);
    else if (value instanceof Set) for (const member of value) visit(member);
    else if (value instanceof Error) [value.cause, (value as AggregateError).errors].forEach(visit);
    else if (!ArrayBuffer.isView(value)) Object.values(value).forEach(visit);
  };
  visit(root);
  return [...found];
}

/** Puts `target` somewhere into `holder`, if that can hold things. */
function hold(holder: object, target: object): void {
  if (Array.isArray(holder)) holder.push(target);
  else if (holder instanceof Map) holder.set(`link${String(holder.size)}`, target);
  else if (holder instanceof Set) holder.add(target);
  else if (holder instanceof Error) holder.cause = target;
  else if (!(
    holder instanceof Date ||
    holder instanceof RegExp ||
    holder instanceof ArrayBuffer ||
    ArrayBuffer.isView(holder)
  )) {
    Object.assign(holder, { link: target });
  }
}

/** A value in which some objects occur twice, and some hold themselves. */
export const valueGraph: fc.Arbitrary<unknown> = fc
  .tuple(valueTree, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }))
  .map(([root, bends]) => {
    const objects = objectsIn(root);
    for (const [from, to] of bends) {
      const holder = objects[from % objects.length];
      const target = objects[to % objects.length];
      if (holder !== undefined && target !== undefined) hold(holder, target);
    }
    return root;
  });
