/**
 * The side of a client: an object whose methods are calls of the exposed one.
 *
 *     const store = wrap<ApiOf<typeof import('./store.js')>>(context, 'store');
 *     await store.put('a', 1);
 */
import { CallError } from '../errors.js';
import type { CallOptions, Context, Destination } from '../guest/context.js';
import type { Server } from '../guest/behaviour.js';
import { Callback, type AnyFunction, type RemoteCallback } from './callback.js';
import { ClientSession } from './client-session.js';
import { Requester } from './endpoints.js';
import type { Exposed } from './expose.js';
import { NEVER_METHODS, readResponse, type Argument, type Request, type Response } from './wire.js';

/** The exposed object's type, from the type of the server's module; `N` is the name of the call. */
export type ApiOf<M, N extends string = 'api'> = M extends {
  readonly default: Server<infer _A, infer _S, infer C, infer _K>;
}
  ? C extends Readonly<Record<N, Exposed<infer T>>>
    ? T
    : never
  : never;

/** What is a callback there is given as one here. */
type Given<P extends readonly unknown[]> = {
  [I in keyof P]: P[I] extends RemoteCallback<infer F> ? Callback<F> : P[I];
};

export type Remote<T> = {
  readonly [N in keyof T as T[N] extends AnyFunction ? N : never]: T[N] extends (
    ...parameters: infer P
  ) => infer R
    ? (...parameters: Given<P>) => Promise<Awaited<R>>
    : never;
};

export interface WrapOptions {
  /** The name of the server's call that answers for the object; `api` by default. */
  readonly operation?: string;
  /** Of each call, milliseconds; 5000 by default, `Infinity` for never. */
  readonly timeoutMs?: number;
  /** Rejects every call that is under way, and every later one, with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Calls that may be under way; one more rejects with `full`. 256 by default. */
  readonly maxInFlight?: number;
  /** Makes the word that names this client's session; by default 128 random bits. */
  readonly newId?: () => string;
}

type Caller = Pick<Context, 'call'>;

/**
 * A remote object. Its calls reject with what the method threw, or with `CallError` as `Context.call` does:
 * `down` when the environment ends, `no_such_operation` for a method that is not listed, `full`, `timeout` …
 * It cannot be written to.
 */
export function wrap<T>(caller: Caller, target: Destination, options: WrapOptions = {}): Remote<T> {
  const { operation = 'api', maxInFlight = 256, newId = () => crypto.randomUUID() } = options;
  const calling: CallOptions = {
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const say = (message: unknown, said: CallOptions): Promise<unknown> =>
    caller.call(target, operation, [message], said);
  let session: ClientSession | undefined;
  const sessionFor = (): ClientSession => {
    // A session ends with the incarnation that it was opened with.
    if (session?.live !== true) session = new ClientSession(newId(), say, options.signal);
    return session;
  };
  const carry = async (request: Request): Promise<Response> => {
    const message = { kind: 'request', session: session?.live === true ? session.name : null, request };
    return readResponse(await say(message, calling));
  };
  const requester = new Requester(carry, maxInFlight);
  const argument = (value: unknown): Argument =>
    Callback.is(value) ? { callback: sessionFor().pass(value) } : { value };
  return methods(async (name, parameters) => {
    if (!NEVER_METHODS.has(name)) return requester.call(name, parameters.map(argument));
    throw new CallError('no_such_operation', `'${name}' is no method that an object can expose`);
  }) as Remote<T>;
}

type Method = (...parameters: readonly unknown[]) => Promise<unknown>;

function methods(run: (name: string, parameters: readonly unknown[]) => Promise<unknown>): object {
  const made = new Map<string, Method>();
  const readOnly = (_: object, name: string | symbol): never => {
    throw new CallError('refused', 'a remote object cannot be written to', { field: String(name) });
  };
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get(_, name) {
      // Awaited by mistake, it is not taken for a promise.
      if (typeof name !== 'string' || name === 'then') return undefined;
      let method = made.get(name);
      if (method === undefined) {
        method = async (...parameters) => run(name, parameters);
        made.set(name, method);
      }
      return method;
    },
    set: readOnly,
    defineProperty: readOnly,
    deleteProperty: readOnly,
  });
}
