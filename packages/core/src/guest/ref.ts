/**
 * Typed clients: the type of a server module gives the type of its client, with no code generation.
 *
 *     const adder = context.ref<typeof import('./adder.js')>('adder');
 *     const sum: number = await adder.call.add(2);
 */
import type { Server } from './behaviour.js';
import type { Address } from './address.js';
import type { CallOptions, Context, Destination, SendOptions } from './context.js';
import type { Pool } from '../pool/pool-types.js';
import type { Monitor } from './received.js';

interface AnyBehaviour {
  readonly behaviour: string;
}

/** The behaviour that a module type exports as its default, or the type itself; without one, a pool's tasks. */
type BehaviourOf<M> = unknown extends M
  ? M
  : M extends AnyBehaviour
    ? M
    : M extends { readonly default: infer D extends AnyBehaviour }
      ? D
      : Pool<M>;

type Tail<F> = F extends (context: never, ...parameters: infer P) => unknown ? P : never;
type Result<F> = F extends (...parameters: never[]) => infer R ? Awaited<R> : never;

type CallsOf<B> =
  B extends Server<infer _A, infer _S, infer C, infer _K>
    ? { readonly [N in keyof C]: (...parameters: Tail<C[N]>) => Promise<Result<C[N]>> }
    : Untyped<Promise<unknown>>;
type CastsOf<B> =
  B extends Server<infer _A, infer _S, infer _C, infer K>
    ? { readonly [N in keyof K]: (...parameters: Tail<K[N]>) => Promise<void> }
    : Untyped<Promise<void>>;

/** Without a module type every operation is allowed and gives `unknown`. */
interface Untyped<R> {
  readonly [operation: string]: (...parameters: unknown[]) => R;
}

export interface Ref<M = unknown> {
  readonly target: Destination;
  /** Calls with an answer; each rejects as `Context.call` says. */
  readonly call: CallsOf<BehaviourOf<M>>;
  /** Casts, without an answer; each settles as `Context.send` says. */
  readonly cast: CastsOf<BehaviourOf<M>>;
  /** The same with a timeout, a cancellation or transfers. */
  with(options: CallOptions): Pick<Ref<M>, 'call' | 'cast'>;
  send(value: unknown, options?: SendOptions): Promise<void>;
  monitor(): Promise<Monitor>;
  /** The address of the present holder, if it is a name. */
  address(): Promise<Address | undefined>;
}

type Caller = Pick<Context, 'send' | 'cast' | 'call' | 'monitor' | 'whereis'>;

export function makeRef<M>(caller: Caller, target: Destination): Ref<M> {
  const calls = operations((operation, parameters) => caller.call(target, operation, parameters));
  const casts = operations((operation, parameters) => caller.cast(target, operation, parameters));
  return Object.freeze({
    target,
    call: calls as Ref<M>['call'],
    cast: casts as Ref<M>['cast'],
    with: (options: CallOptions) => ({
      call: operations((operation, parameters) =>
        caller.call(target, operation, parameters, options),
      ) as Ref<M>['call'],
      cast: operations((operation, parameters) =>
        caller.cast(target, operation, parameters, options),
      ) as Ref<M>['cast'],
    }),
    send: (value: unknown, options?: SendOptions) => caller.send(target, value, options),
    monitor: () => caller.monitor(target),
    address: () => (typeof target === 'string' ? caller.whereis(target) : Promise.resolve(target)),
  });
}

type Operation = (...parameters: readonly unknown[]) => unknown;

/**
 * An object that has every operation: functions are made once each. `then` is none of them, so that a
 * ref that is awaited by mistake is not taken for a promise.
 */
function operations(run: (operation: string, parameters: readonly unknown[]) => unknown): object {
  const made = new Map<string, Operation>();
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get(_, name) {
      if (typeof name !== 'string' || name === 'then') return undefined;
      let operation = made.get(name);
      if (operation === undefined) {
        operation = (...parameters) => run(name, parameters);
        made.set(name, operation);
      }
      return operation;
    },
  });
}
