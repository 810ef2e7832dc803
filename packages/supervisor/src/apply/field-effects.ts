/**
 * What it takes to change a field of a running tree, once: `inPlace`, what a supervisor knows of its
 * children and of itself; `restart`, what a thread is started with. The compiler checks that every field
 * of a normalised spec is decided here. Children are compared by themselves, and an `id` says who is who.
 */
import type {
  NormalisedEnvironment,
  NormalisedNode,
  NormalisedPool,
  NormalisedSupervisor,
} from '../spec/normalised.js';
import { isIsolating } from '../spec/reservations.js';

export type FieldEffect = 'inPlace' | 'restart';

type Effects<N> = Readonly<Record<Exclude<keyof N, 'id' | 'kind' | 'children'>, FieldEffect>>;

const AS_CHILD = {
  restart: 'inPlace',
  shutdown: 'inPlace',
  startTimeoutMs: 'inPlace',
  significant: 'inPlace',
  backoff: 'inPlace',
  wall: 'restart',
  walls: 'restart',
  grants: 'inPlace',
} as const;

const CODE = {
  name: 'restart',
  bindings: 'restart',
  env: 'restart',
  limits: 'restart',
  external: 'restart',
} as const;

const EFFECTS = {
  environment: {
    ...AS_CHILD,
    ...CODE,
    module: 'restart',
    args: 'restart',
    overflow: 'restart',
    sendTimeoutMs: 'restart',
  } satisfies Effects<NormalisedEnvironment>,
  pool: { ...AS_CHILD, ...CODE, pool: 'restart' } satisfies Effects<NormalisedPool>,
  supervisor: {
    ...AS_CHILD,
    limits: 'restart',
    strategy: 'inPlace',
    intensity: 'inPlace',
    periodMs: 'inPlace',
    autoShutdown: 'inPlace',
    maxChildren: 'inPlace',
    siblings: 'restart',
  } satisfies Effects<NormalisedSupervisor>,
};

export interface Field {
  readonly name: string;
  readonly value: unknown;
  readonly effect: FieldEffect;
}

/** The fields of a node that can change, in the order of the table. */
export function fieldsOf(node: NormalisedNode): readonly Field[] {
  const values = node as unknown as Readonly<Record<string, unknown>>;
  // What its children reserve parts of is held by none of its threads or processes.
  const effects = isIsolating(node)
    ? { ...EFFECTS.supervisor, limits: 'inPlace' as const }
    : EFFECTS[node.kind];
  return Object.entries(effects).map(([name, effect]) => ({ name, value: values[name], effect }));
}
