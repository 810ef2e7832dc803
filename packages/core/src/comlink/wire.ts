/**
 * What crosses between a client and the environment that exposes an object: calls of one operation, each
 * with one of these messages. Comlink's own messages are parts of them.
 *
 * Every message is checked for shape here, once, and built anew from what was checked: Comlink sees no
 * path, no type and no argument that came from outside as it was.
 */
import { CallError } from '../errors.js';

/** An argument: a value, or the number of a callback in the client's session. */
export type Argument = { readonly value: unknown } | { readonly callback: number };

/** What a method or a callback came to. */
export type Outcome =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly thrown: unknown };

/** The only one of Comlink's requests that is let through. `path` is one name, or empty for a callback. */
export interface Request {
  readonly type: 'APPLY';
  readonly path: readonly string[];
  readonly argumentList: readonly [{ readonly type: 'RAW'; readonly value: readonly Argument[] }];
}

export interface Response {
  readonly type: 'RAW';
  readonly value: Outcome;
}

/** A call of a callback, on its way to the owner. */
export interface Invocation {
  readonly number: number;
  readonly callback: number;
  readonly request: Request;
}

export type FromClient =
  | { readonly kind: 'request'; readonly session: string | null; readonly request: Request }
  /** Answered never: it is open as long as the client lives and wants the session. */
  | { readonly kind: 'open'; readonly session: string }
  /** Answered when callbacks are called or released. */
  | { readonly kind: 'next'; readonly session: string }
  | {
      readonly kind: 'answer';
      readonly session: string;
      readonly number: number;
      readonly response: Response;
    }
  | { readonly kind: 'revoke'; readonly session: string; readonly callback: number };

export interface ToClient {
  readonly invocations: readonly Invocation[];
  readonly released: readonly number[];
}

const MAX_ARGUMENTS = 255;

/** Ways to a prototype, or words that Comlink's proxies take for something else. */
export const NEVER_METHODS: ReadonlySet<string> = new Set([
  '__proto__',
  'bind',
  'constructor',
  'prototype',
  'then',
]);

type Fields = Readonly<Record<string, unknown>>;

/** @throws CallError `refused` for what no client of ours would send. */
export function readFromClient(message: unknown): FromClient {
  const fields = fieldsOf(message);
  const { kind, session } = fields;
  if (kind === 'request') {
    if (session !== null && typeof session !== 'string') refuse('a session that is no word');
    return { kind, session: session, request: readRequest(fields['request'], 1) };
  }
  if (typeof session !== 'string' || session.length < 16 || session.length > 64)
    return refuse('a session that is no word');
  switch (kind) {
    case 'open':
    case 'next':
      return { kind, session };
    case 'answer':
      return { kind, session, number: count(fields['number']), response: readResponse(fields['response']) };
    case 'revoke':
      return { kind, session, callback: count(fields['callback']) };
    default:
      return refuse('a kind of message that there is not');
  }
}

/** @throws CallError `refused`. */
export function readToClient(message: unknown): ToClient {
  const { invocations, released } = fieldsOf(message);
  return {
    invocations: list(invocations).map((invocation) => {
      const { number, callback, request } = fieldsOf(invocation);
      return { number: count(number), callback: count(callback), request: readRequest(request, 0) };
    }),
    released: list(released).map(count),
  };
}

/** @throws CallError `refused`. */
export function readResponse(message: unknown): Response {
  const { type, value } = fieldsOf(message);
  if (type !== 'RAW') refuse('a response that holds more than a value');
  const outcome = fieldsOf(value);
  if (outcome['ok'] === true) return { type: 'RAW', value: { ok: true, value: outcome['value'] } };
  if (outcome['ok'] === false) return { type: 'RAW', value: { ok: false, thrown: outcome['thrown'] } };
  return refuse('a response without an outcome');
}

function readRequest(message: unknown, names: number): Request {
  const { type, path, argumentList } = fieldsOf(message);
  if (type !== 'APPLY')
    refuse('something else than a call: nothing can be read, written, constructed or opened');
  const words = list(path);
  if (words.length !== names || !words.every((word) => typeof word === 'string')) {
    refuse('a path: only methods of the object itself can be called');
  }
  const [wrapped, ...more] = list(argumentList);
  const { type: raw, value } = fieldsOf(wrapped);
  if (more.length > 0 || raw !== 'RAW') refuse('arguments of a kind that there is not');
  const parameters = list(value);
  if (parameters.length > MAX_ARGUMENTS) refuse('too many arguments');
  return request(words, parameters.map(readArgument));
}

function readArgument(argument: unknown): Argument {
  const fields = fieldsOf(argument);
  if (Object.hasOwn(fields, 'callback')) return { callback: count(fields['callback']) };
  return { value: fields['value'] };
}

export function request(path: readonly string[], parameters: readonly Argument[]): Request {
  return { type: 'APPLY', path, argumentList: [{ type: 'RAW', value: parameters }] };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : refuse('no object');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : refuse('no list');
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse('no number');
}

function refuse(what: string): never {
  throw new CallError('refused', `the message holds ${what}`);
}
