/**
 * What an object is, by evidence that it cannot forge cheaply and without running its code.
 *
 * `instanceof` will not do: values made in another realm (a vm context, Jest's sandbox) fail it, and
 * anything with a doctored prototype passes. So: the prototype says which kind an object claims to
 * be (an intrinsic of this realm, or one whose constructor is native code of that name), and an
 * intrinsic getter that reads an internal slot, called while encoding, says whether it is.
 *
 * Invariants: what is not recognised is refused. The intrinsics are taken when this module loads,
 * so a later change of a prototype does not reach them.
 */
import { Reference } from './reference.js';

export type Kind =
  | 'object'
  | 'array'
  | 'map'
  | 'set'
  | 'date'
  | 'regexp'
  | 'buffer'
  | 'view'
  | 'error'
  | 'reference'
  | 'refused';

export const OBJECT_PROTOTYPE: object = Object.prototype;
export const ARRAY_PROTOTYPE: object = Array.prototype as object;

const TYPED_ARRAY_PROTOTYPE = Object.getPrototypeOf(Uint8Array.prototype) as object;

function getter(holder: object, key: PropertyKey): (this: unknown) => unknown {
  const get = Object.getOwnPropertyDescriptor(holder, key)?.get;
  /* c8 ignore next: every engine that can run this has them, but for the `v` flag. */
  return get ?? ((): undefined => undefined);
}

/** `Uint8Array` and so on, or undefined for what is no typed array; never throws. */
export const typedArrayName = getter(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag) as (
  this: unknown,
) => string | undefined;
export const typedArrayBuffer = getter(TYPED_ARRAY_PROTOTYPE, 'buffer');
export const typedArrayByteLength = getter(TYPED_ARRAY_PROTOTYPE, 'byteLength') as (this: unknown) => number;
export const typedArrayByteOffset = getter(TYPED_ARRAY_PROTOTYPE, 'byteOffset') as (this: unknown) => number;
export const dataViewBuffer = getter(DataView.prototype, 'buffer');
export const dataViewByteLength = getter(DataView.prototype, 'byteLength') as (this: unknown) => number;
export const dataViewByteOffset = getter(DataView.prototype, 'byteOffset') as (this: unknown) => number;
/** Throws for anything but an ArrayBuffer, SharedArrayBuffer included. */
export const bufferByteLength = getter(ArrayBuffer.prototype, 'byteLength') as (this: unknown) => number;
export const mapSize = getter(Map.prototype, 'size') as (this: unknown) => number;
export const setSize = getter(Set.prototype, 'size') as (this: unknown) => number;

export const mapEntries = Map.prototype.entries as (this: unknown) => Iterator<[unknown, unknown]>;
export const setValues = Set.prototype.values as (this: unknown) => Iterator<unknown>;
export const dateValue = Date.prototype.getTime;

export const mapNext = nextOf(new Map<unknown, unknown>().entries()) as (
  this: unknown,
) => IteratorResult<[unknown, unknown], undefined>;
export const setNext = nextOf(new Set<unknown>().values()) as (
  this: unknown,
) => IteratorResult<unknown, undefined>;
export const regExpSource = getter(RegExp.prototype, 'source') as (this: unknown) => string;
/** In the order of REGEXP_FLAGS. */
export const regExpFlagGetters = [
  getter(RegExp.prototype, 'hasIndices'),
  getter(RegExp.prototype, 'global'),
  getter(RegExp.prototype, 'ignoreCase'),
  getter(RegExp.prototype, 'multiline'),
  getter(RegExp.prototype, 'dotAll'),
  getter(RegExp.prototype, 'unicode'),
  getter(RegExp.prototype, 'unicodeSets'),
  getter(RegExp.prototype, 'sticky'),
] as const;

function nextOf(iterator: Iterator<unknown>): (this: unknown) => IteratorResult<unknown> {
  return (Object.getPrototypeOf(iterator) as { next: (this: unknown) => IteratorResult<unknown> }).next;
}

const KIND_BY_NAME: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['Object', 'object'],
  ['Array', 'array'],
  ['Map', 'map'],
  ['Set', 'set'],
  ['Date', 'date'],
  ['RegExp', 'regexp'],
  ['ArrayBuffer', 'buffer'],
  ['DataView', 'view'],
  ['Error', 'error'],
]);

const KIND_BY_PROTOTYPE: ReadonlyMap<object, Kind> = new Map<object, Kind>([
  [OBJECT_PROTOTYPE, 'object'],
  [ARRAY_PROTOTYPE, 'array'],
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [Date.prototype, 'date'],
  [RegExp.prototype, 'regexp'],
  [ArrayBuffer.prototype, 'buffer'],
  [DataView.prototype, 'view'],
  [Uint8Array.prototype, 'view'],
  [Error.prototype, 'error'],
  [TypeError.prototype, 'error'],
  [RangeError.prototype, 'error'],
]);

/** An error's prototypes are few; a proxy can pretend to have any number. */
const LONGEST_ERROR_CHAIN = 32;

/** May throw what a proxy's trap throws. */
export function classify(value: object, prototype: object): Kind {
  const known = KIND_BY_PROTOTYPE.get(prototype);
  if (known !== undefined) return known;
  if (Reference.isReference(value)) return 'reference';
  // Whatever class a typed array has been given (Node's Buffer is one), its bytes are all there is to it.
  if (typedArrayName.call(value) !== undefined) return 'view';
  const named = KIND_BY_NAME.get(nativeConstructorName(prototype));
  if (named !== undefined) return named;
  return hasErrorPrototype(prototype) ? 'error' : 'refused';
}

/** Own classes of errors count as errors, and so does DOMException, which has no internal slot to ask for. */
function hasErrorPrototype(prototype: object): boolean {
  let at: object | null = prototype;
  for (let i = 0; at !== null && i < LONGEST_ERROR_CHAIN; i++) {
    if (at === Error.prototype || nativeConstructorName(at) === 'Error') return true;
    at = Object.getPrototypeOf(at) as object | null;
  }
  return false;
}

/** Whether the chain says that the error carries several others. */
export function isAggregateError(error: object): boolean {
  let at = Object.getPrototypeOf(error) as object | null;
  for (let i = 0; at !== null && i < LONGEST_ERROR_CHAIN; i++) {
    if (at === AggregateError.prototype || nativeConstructorName(at) === 'AggregateError') return true;
    at = Object.getPrototypeOf(at) as object | null;
  }
  return false;
}

const sourceOf = Function.prototype.toString;
const NATIVE = /^function (\w+)\(\) \{ \[native code\] \}$/;

/**
 * The name of the intrinsic whose prototype this is, in any realm, or ''. A function of the user's
 * cannot have such a source text: bound functions lose their name in it.
 */
function nativeConstructorName(prototype: object): string {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof maker !== 'function' || maker.prototype !== prototype) return '';
  return NATIVE.exec(sourceOf.call(maker))?.[1] ?? '';
}
