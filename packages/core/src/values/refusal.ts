/**
 * How a refusal finds its path without the walk keeping one. The walk throws a Refusal where it
 * stands; each level on the way out adds its own segment. So the path costs nothing until there is
 * one. Whatever else is thrown below a level (a getter, a proxy's trap) becomes a refusal there.
 *
 * Invariant: a Refusal never leaves the codec; `toCallError` turns it into what the caller sees.
 */
import { CallError } from '../errors.js';
import { WriterFull } from './byte-writer.js';

type RefusalCode = 'value_refused' | 'too_large' | 'operation_refused';

/** Longer paths are shortened in the middle. */
const PATH_ENDS = 8;
const DESCRIPTION_LENGTH = 60;

export class Refusal extends CallError {
  /** Innermost first. */
  readonly segments: string[] = [];
  readonly what: string;
  /** Set when the channel refused: its own error is what the sender gets. */
  readonly verbatim: unknown;

  constructor(
    code: RefusalCode,
    what: string,
    facts: { value?: unknown; cause?: unknown; verbatim?: unknown } = {},
  ) {
    super(code, what, { value: facts.value, cause: facts.cause });
    this.what = what;
    this.verbatim = facts.verbatim;
  }
}

/** Adds a segment such as `.name` or `[3]` to what came from below. */
export function refusedAt(thrown: unknown, segment: string): Refusal {
  const refusal = asRefusal(thrown);
  refusal.segments.push(segment);
  return refusal;
}

function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (!(thrown instanceof WriterFull))
    return new Refusal('value_refused', 'cannot be read', { cause: thrown });
  const { maxBytes, message } = thrown;
  return new Refusal('too_large', `does not fit: the message would exceed ${String(maxBytes)} bytes`, {
    value: message,
  });
}

/** The error of who sends from inside the reading of a value. */
export function reentered(): CallError {
  const what = 'A getter or proxy trap of a message sent a message while it was read.';
  return new CallError('operation_refused', what, { remedy: 'Read the value first, then send it.' });
}

/** The error for the caller; `root` is what the path starts with. */
export function toCallError(thrown: unknown, root: string): unknown {
  const refusal = asRefusal(thrown);
  if (refusal.verbatim !== undefined) return refusal.verbatim;
  const segments = refusal.segments.toReversed();
  if (segments.length > 2 * PATH_ENDS) segments.splice(PATH_ENDS, segments.length - 2 * PATH_ENDS, '…');
  const path = root + segments.join('');
  return new CallError(refusal.code, `${path} ${refusal.what}`, {
    path,
    value: refusal.value,
    cause: refusal.cause,
  });
}

export function refuseValue(value: unknown, why = 'is not a value that a message can hold'): Refusal {
  const description = describe(value);
  return new Refusal('value_refused', `(${description}) ${why}`, { value: description });
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** `.name`, `["odd name"]` */
export function keySegment(key: string): string {
  if (IDENTIFIER.test(key)) return `.${shorten(key)}`;
  return `[${JSON.stringify(shorten(key))}]`;
}

/** `.get("k")`; keys that are objects are not looked into. */
export function mapSegment(key: unknown): string {
  if (typeof key === 'string') return `.get(${JSON.stringify(shorten(key))})`;
  if (typeof key === 'object' && key !== null) return '.get(…)';
  return `.get(${describe(key)})`;
}

function shorten(text: string): string {
  return text.length > DESCRIPTION_LENGTH ? `${text.slice(0, DESCRIPTION_LENGTH - 1)}…` : text;
}

/** A few words about a value; runs none of its code except a proxy's traps, and survives those. */
export function describe(value: unknown): string {
  if (typeof value === 'symbol') return shorten(String(value));
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (typeof value === 'function') return shorten(`function ${ownString(value, 'name')}`.trimEnd());
  if (typeof value !== 'object' || value === null) return shorten(String(value));
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (typeof prototype !== 'object' || prototype === null) return 'object';
    const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    const name = typeof maker === 'function' ? ownString(maker, 'name') : '';
    return name === '' ? 'object with a prototype of its own' : shorten(`instance of ${name}`);
  } catch {
    return 'object that cannot be read';
  }
}

function ownString(holder: object, key: string): string {
  try {
    const value: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value;
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
