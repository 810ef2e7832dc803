/** How errors, regular expressions and large integers are read: the parts of the decoder that are seldom hot. */
import type { ByteReader } from './byte-reader.js';
import { malformed } from './malformed.js';
import { defineKey } from './shape-table.js';
import { ERROR_CAUSE, ERROR_CODE, ERROR_ERRORS, ERROR_STACK, REGEXP_FLAGS } from './wire.js';

/** What these functions need of the decoder. */
export interface ValueSource {
  readonly reader: ByteReader;
  value(depth: number): unknown;
  /** Gives the object its number, before anything that it holds is read. */
  register(object: object): void;
}

const HEXADECIMAL = /^[0-9a-f]+$/;

export function readBigInt(reader: ByteReader): bigint {
  const length = reader.count(1);
  let digits = '';
  const end = reader.offset + length;
  while (reader.offset < end) digits += String.fromCharCode(reader.u8());
  if (!HEXADECIMAL.test(digits)) throw malformed('a bigint has no digits');
  try {
    return BigInt(`0x${digits}`);
  } catch (cause) {
    throw malformed('a bigint is too large', cause);
  }
}

export function readRegExp(reader: ByteReader): RegExp {
  const bits = reader.u8();
  const source = reader.string();
  let flags = '';
  for (let i = 0; i < REGEXP_FLAGS.length; i++) {
    if ((bits & (1 << i)) !== 0) flags += REGEXP_FLAGS.charAt(i);
  }
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw malformed('a regular expression is invalid', cause);
  }
}

type ErrorMaker = (message: string | undefined) => Error;

const MAKERS: ReadonlyMap<string, ErrorMaker> = new Map<string, ErrorMaker>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Maker) => [
    Maker.prototype.name,
    (message) => new Maker(message),
  ]),
);
const makeError: ErrorMaker = (message) => new Error(message);
const makeAggregateError: ErrorMaker = (message) => new AggregateError([], message);

export function readError(source: ValueSource, depth: number): Error {
  const { reader } = source;
  const parts = reader.u8();
  if (parts > (ERROR_CODE | ERROR_STACK | ERROR_CAUSE | ERROR_ERRORS))
    throw malformed('an error has unknown parts');
  const name = reader.string();
  const message = reader.string();
  const hasErrors = (parts & ERROR_ERRORS) !== 0;
  const make = hasErrors ? makeAggregateError : (MAKERS.get(name) ?? makeError);
  const error = make(message === '' ? undefined : message);
  source.register(error);
  if (error.name !== name) defineHidden(error, 'name', name);
  // The stack of this place says nothing about the error, and must not be told to whoever gets it.
  let stack = message === '' ? name : `${name}: ${message}`;
  if ((parts & ERROR_CODE) !== 0) defineKey(error, 'code', readCode(source, depth));
  if ((parts & ERROR_STACK) !== 0) stack = reader.string();
  defineHidden(error, 'stack', stack);
  if ((parts & ERROR_CAUSE) !== 0) defineHidden(error, 'cause', source.value(depth + 1));
  if (hasErrors) defineHidden(error, 'errors', readErrors(source, depth));
  return error;
}

function readCode(source: ValueSource, depth: number): string | number {
  const code = source.value(depth + 1);
  if (typeof code !== 'string' && typeof code !== 'number')
    throw malformed('the code of an error is neither text nor number');
  return code;
}

function readErrors(source: ValueSource, depth: number): unknown[] {
  const errors = source.value(depth + 1);
  if (!Array.isArray(errors)) throw malformed('the errors of an error are no list');
  return errors as unknown[];
}

function defineHidden(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}
