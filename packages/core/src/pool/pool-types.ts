/**
 * The typed client of a pool, made from the type of its module:
 *
 *     const pool = host.ref<typeof import('./resize.js')>('resize');
 *     const image: Uint8Array = await pool.call.run(original, 200);
 *
 * `run` is the default export; functions that are exported by name have their names.
 */
import type { Server } from '../guest/behaviour.js';
import type { LogLevel } from '../log-record.js';

/** What a task finds as `this`: `export default function resize(this: PoolTask, …)`. */
export interface PoolTask {
  /** As the spec of the pool gave them. */
  readonly bindings: Readonly<Record<string, unknown>>;
  /** As `log` of an environment's context; the record is the pool's. */
  log(level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>): void;
}

/* A task's parameters are the user's own; `never` here would match no function. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type AnyFunction = (this: any, ...parameters: any[]) => unknown;

type Names<M> = {
  [N in keyof M]: M[N] extends AnyFunction ? (N extends 'default' ? 'run' : N) : never;
}[keyof M];

type TaskOf<M, N> = N extends keyof M
  ? M[N]
  : N extends 'run'
    ? M extends { readonly default: infer D }
      ? D
      : never
    : never;

type Handler<F> = F extends (this: never, ...parameters: infer P) => infer R
  ? (context: never, ...parameters: P) => R
  : never;

/** A pool as a server whose calls are the functions of the module `M`. */
export type Pool<M> = Server<
  undefined,
  undefined,
  { readonly [N in Names<M>]: Handler<TaskOf<M, N>> },
  Record<never, never>
>;
