/**
 * Behaviours: what the module of an environment exports as its default.
 *
 * - `environment` – a loop over the mailbox; the function's end is the environment's end.
 * - `server` – calls and casts over a state, one message at a time.
 * - `task` – a function run once; its result is its exit.
 */
import type { ExitReason } from '../exit-reason.js';
import type { Context } from './context.js';
import type { Received, ReceivedCall } from './received.js';

/** Returned by an `init` that decides not to run: its supervisor keeps the spec and goes on (OTP: `ignore`). */
export const IGNORE: unique symbol = Symbol('espalier.ignore');
export type Ignore = typeof IGNORE;

/** What a handler of a server sees: everything of the environment, and the state. */
export interface ServerContext<S> extends Context {
  /** Plain data, so that it can be inspected, and later put to sleep. Assign to replace it. */
  state: S;
}

/* The argument types of handlers are the user's own; `never` here would refuse every handler. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type Handler<S> = (context: ServerContext<S>, ...parameters: any[]) => unknown;

export type Handlers<S> = Readonly<Record<string, Handler<S>>>;

export interface ServerDefinition<A, S, C, K> {
  /** Makes the state. Its end, resolved, is the acknowledgement of the start; a throw fails the start. */
  init?(args: A, context: Context): S | Ignore | Promise<S | Ignore>;
  /** Operations with an answer. The result, or what the promise resolves to, is the reply. A throw ends the server. */
  readonly calls?: C & Handlers<S>;
  /** Operations without an answer. */
  readonly casts?: K & Handlers<S>;
  /** Everything else that arrives: messages, `down`, trapped `exit`. Without it, it is dropped. */
  info?(context: ServerContext<S>, item: Received): void | Promise<void>;
  /** Runs when the supervisor stops the server, within the child's `shutdown` time. */
  terminate?(context: ServerContext<S>, reason: ExitReason): void | Promise<void>;
}

export interface Server<A = unknown, S = unknown, C = unknown, K = unknown> {
  readonly behaviour: 'server';
  readonly definition: ServerDefinition<A, S, Handlers<S>, Handlers<S>>;
  /** Only types: what a client of this server may call and cast. */
  readonly types?: { readonly calls: C; readonly casts: K };
}

/**
 * A server: calls and casts over a state, one message at a time (a handler may be async; the next
 * message waits), unless a call is marked `concurrent`. OTP: gen_server.
 */
export function server<A = undefined, S = undefined, C = Record<never, never>, K = Record<never, never>>(
  definition: ServerDefinition<A, S, C, K>,
): Server<A, S, C, K> {
  return Object.freeze({ behaviour: 'server', definition });
}

export interface EnvironmentBehaviour<A = unknown> {
  readonly behaviour: 'environment';
  init?(context: Context, args: A): unknown;
  run(context: Context, args: A, made: unknown): unknown;
}

export interface EnvironmentDefinition<A, M> {
  /** Its end, resolved, is the acknowledgement of the start; a throw fails the start. */
  init(context: Context, args: A): M | Promise<M>;
  /** The loop. `made`: what `init` has resolved with. */
  run(context: Context, args: A, made: M): unknown;
}

/**
 * A loop over the mailbox. It counts as started when the function has run to its first wait, or when its `init` has
 * resolved; its return is the exit `normal`, a throw is the exit `error`.
 */
export function environment<A = undefined, M = undefined>(
  loop: ((context: Context, args: A) => unknown) | EnvironmentDefinition<A, M>,
): EnvironmentBehaviour<A> {
  if (typeof loop === 'function') return Object.freeze({ behaviour: 'environment', run: loop });
  return Object.freeze({
    behaviour: 'environment',
    init: (context: Context, args: A) => loop.init(context, args),
    run: (context: Context, args: A, made: unknown) => loop.run(context, args, made as M),
  });
}

export interface Task<A = unknown, R = unknown> {
  readonly behaviour: 'task';
  run(args: A, context: Context): R;
}

/** A function that is run once; what it returns is the detail of its exit `normal`. */
export function task<A = undefined, R = unknown>(run: (args: A, context: Context) => R): Task<A, R> {
  return Object.freeze({ behaviour: 'task', run });
}

export type Behaviour = Server | EnvironmentBehaviour | Task;

const CONCURRENT = Symbol.for('espalier.concurrent');

/**
 * Marks a call whose handler may run while other messages are handled. Its state changes are its own care;
 * name the context's type (`ServerContext<State>`) where it uses the state.
 */
export function concurrent<S, P extends readonly unknown[], R>(
  handler: (context: ServerContext<S>, ...parameters: P) => Promise<R>,
): (context: ServerContext<S>, ...parameters: P) => Promise<R> {
  return Object.assign(handler, { [CONCURRENT]: true });
}

const ANSWERING = Symbol.for('espalier.answering');

/**
 * Marks a call whose handler gets the call itself in place of its arguments, and answers it by
 * `reply` or `fail`, now or later; other messages are handled meanwhile. What it returns is nothing.
 */
export function answering<H extends (context: never, call: ReceivedCall) => void>(handler: H): H {
  return Object.assign(handler, { [ANSWERING]: true });
}

export function isAnswering(handler: object): boolean {
  return ANSWERING in handler;
}

export function isConcurrent(handler: object): boolean {
  return CONCURRENT in handler;
}

/**
 * Thrown by a call's handler, it refuses this one call: the caller's promise rejects with `CallError`
 * `refused`, and the server goes on. Any other throw ends the server.
 */
export class Refusal extends Error {
  readonly detail: unknown;

  constructor(message: string, detail?: unknown) {
    super(message);
    this.name = 'Refusal';
    this.detail = detail;
  }
}

export function isBehaviour(candidate: unknown): candidate is Behaviour {
  if (typeof candidate !== 'object' || candidate === null || !('behaviour' in candidate)) return false;
  return (
    candidate.behaviour === 'server' ||
    candidate.behaviour === 'environment' ||
    candidate.behaviour === 'task'
  );
}
