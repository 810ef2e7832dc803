/**
 * How the rarer kinds of objects are written: everything but plain objects and arrays. Apart from
 * the encoder's own loop, which is hot and small, so that neither is in the other's way.
 *
 * Invariant: each function proves the kind by an intrinsic that reads an internal slot before it
 * writes anything that follows from it, and reads no property that the value could have forged.
 */
import type { BinaryOut } from './binary-out.js';
import type { ByteWriter } from './byte-writer.js';
import { writeVarint } from './write-message.js';
import {
  bufferByteLength,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  dateValue,
  isAggregateError,
  mapEntries,
  mapNext,
  mapSize,
  regExpFlagGetters,
  regExpSource,
  setNext,
  setSize,
  setValues,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayName,
} from './classify.js';
import { writeFloat64 } from './encode-primitive.js';
import { mapSegment, refusedAt, refuseValue } from './refusal.js';
import {
  BIGINT64,
  BIGINT_NEGATIVE,
  BIGINT_POSITIVE,
  BINARY,
  BINARY_KINDS,
  DATE,
  ERROR,
  ERROR_CAUSE,
  ERROR_CODE,
  ERROR_ERRORS,
  ERROR_STACK,
  MAP,
  REGEXP,
  SET,
} from './wire.js';

/** What these functions need of the encoder. */
export interface ValueSink {
  readonly out: ByteWriter;
  readonly binaries: BinaryOut;
  readonly includeStack: boolean;
  value(value: unknown, depth: number): void;
  string(text: string): void;
}

export function writeBigInt(sink: ValueSink, value: bigint): void {
  const { out } = sink;
  if (BigInt.asIntN(64, value) === value) {
    out.ensure(9);
    out.bytes[out.offset] = BIGINT64;
    out.view.setBigInt64(out.offset + 1, value, true);
    out.offset += 9;
    return;
  }
  const digits = (value < 0n ? -value : value).toString(16);
  out.u8(value < 0n ? BIGINT_NEGATIVE : BIGINT_POSITIVE);
  writeVarint(out, digits.length);
  out.ensure(digits.length);
  for (let i = 0; i < digits.length; i++) out.bytes[out.offset++] = digits.charCodeAt(i);
}

export function writeMap(sink: ValueSink, map: object, depth: number): void {
  const size = mapSize.call(map);
  sink.out.u8(MAP);
  writeVarint(sink.out, size);
  const entries = mapEntries.call(map);
  let index = 0;
  for (let step = mapNext.call(entries); step.done !== true; step = mapNext.call(entries)) {
    if (index === size) throw refuseValue(map, 'changed while it was read');
    const [key, value] = step.value;
    try {
      sink.value(key, depth + 1);
    } catch (error) {
      throw refusedAt(error, `.keys()[${String(index)}]`);
    }
    try {
      sink.value(value, depth + 1);
    } catch (error) {
      throw refusedAt(error, mapSegment(key));
    }
    index++;
  }
  if (index !== size) throw refuseValue(map, 'changed while it was read');
}

export function writeSet(sink: ValueSink, set: object, depth: number): void {
  const size = setSize.call(set);
  sink.out.u8(SET);
  writeVarint(sink.out, size);
  const values = setValues.call(set);
  let index = 0;
  for (let step = setNext.call(values); step.done !== true; step = setNext.call(values)) {
    if (index === size) throw refuseValue(set, 'changed while it was read');
    try {
      sink.value(step.value, depth + 1);
    } catch (error) {
      throw refusedAt(error, `.values()[${String(index)}]`);
    }
    index++;
  }
  if (index !== size) throw refuseValue(set, 'changed while it was read');
}

export function writeDate(sink: ValueSink, date: object): void {
  writeFloat64(sink.out, DATE, dateValue.call(date));
}

export function writeRegExp(sink: ValueSink, regExp: object): void {
  const source = regExpSource.call(regExp);
  let flags = 0;
  for (let i = 0; i < regExpFlagGetters.length; i++) {
    if (regExpFlagGetters[i]?.call(regExp) === true) flags |= 1 << i;
  }
  sink.out.u8(REGEXP);
  sink.out.u8(flags);
  sink.string(source);
}

const KIND_NUMBER: ReadonlyMap<string, number> = new Map(BINARY_KINDS.map((kind, number) => [kind, number]));
const DATA_VIEW = BINARY_KINDS.indexOf('DataView');
const ARRAY_BUFFER = BINARY_KINDS.indexOf('ArrayBuffer');

export function writeBuffer(sink: ValueSink, buffer: object): void {
  const length = bufferByteLength.call(buffer);
  sink.binaries.add(buffer as ArrayBuffer, 0, length, true);
  sink.out.u8(BINARY + ARRAY_BUFFER);
}

export function writeView(sink: ValueSink, view: object): void {
  const name = typedArrayName.call(view);
  const buffer = name === undefined ? dataViewBuffer.call(view) : typedArrayBuffer.call(view);
  const start = name === undefined ? dataViewByteOffset.call(view) : typedArrayByteOffset.call(view);
  const length = name === undefined ? dataViewByteLength.call(view) : typedArrayByteLength.call(view);
  const kind = name === undefined ? DATA_VIEW : KIND_NUMBER.get(name);
  if (kind === undefined) throw refuseValue(view);
  try {
    bufferByteLength.call(buffer);
  } catch {
    throw refusedAt(refuseValue(buffer, 'is shared memory; copy the bytes first'), '.buffer');
  }
  sink.binaries.add(buffer as ArrayBuffer, start, length, false);
  sink.out.u8(BINARY + kind);
}

interface ErrorLike {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Getters and traps run here; what they throw is refused one level up, with the path. */
export function writeError(sink: ValueSink, error: ErrorLike, depth: number): void {
  const { name, message, code } = error;
  const stack = sink.includeStack ? error.stack : undefined;
  const hasCode = typeof code === 'string' || typeof code === 'number';
  const hasStack = typeof stack === 'string';
  const hasCause = Object.hasOwn(error, 'cause');
  const hasErrors = Object.hasOwn(error, 'errors') && isAggregateError(error);
  sink.out.u8(ERROR);
  sink.out.u8(
    (hasCode ? ERROR_CODE : 0) |
      (hasStack ? ERROR_STACK : 0) |
      (hasCause ? ERROR_CAUSE : 0) |
      (hasErrors ? ERROR_ERRORS : 0),
  );
  sink.string(typeof name === 'string' ? name : 'Error');
  sink.string(typeof message === 'string' ? message : '');
  if (hasCode) sink.value(code, depth + 1);
  if (hasStack) sink.string(stack);
  if (hasCause) writePart(sink, error, 'cause', depth);
  if (hasErrors) writePart(sink, error, 'errors', depth);
}

function writePart(sink: ValueSink, error: ErrorLike, part: 'cause' | 'errors', depth: number): void {
  try {
    const value = error[part];
    if (part === 'errors' && !Array.isArray(value)) throw refuseValue(value, 'is not an array');
    sink.value(value, depth + 1);
  } catch (thrown) {
    throw refusedAt(thrown, `.${part}`);
  }
}
