/** Tree specs: what users write, what the kernel takes, and the way from one to the other. */
export { checkSpec } from './check-spec.js';
export { checkWithoutDaemon } from './cluster.js';
export { DEFAULTS } from './defaults.js';
export { normaliseChild, normaliseSpec } from './normalise.js';
export { NOT_BUILT } from './not-built.js';
export { loadSpec, parseSpec, readSpecFile, readSpecText } from './read-file.js';
export { behindItsWall, childSpecOf, supervisorSpecOf } from './supervisor-spec.js';

export type { CheckOptions } from './check-spec.js';
export type { NormaliseOptions } from './normalise.js';
export type {
  NormalisedEnvironment,
  NormalisedLimits,
  NormalisedModule,
  NormalisedNamespace,
  NormalisedNode,
  NormalisedPool,
  NormalisedPoolOptions,
  NormalisedProcessLimits,
  NormalisedSupervisor,
  NormalisedThreadLimits,
  NormalisedTree,
  NormalisedWalls,
} from './normalised.js';
export type { LocatedProblem } from './problems.js';
export type { SpecFile } from './read-file.js';
export type { StartOf } from './supervisor-spec.js';
export type {
  BackoffSpec,
  CellWallName,
  ChangeableLimitsSpec,
  ChildSpecInput,
  ClusterSpec,
  EnvironmentLimitsSpec,
  EnvironmentSpec,
  Overflow,
  PoolOptionsSpec,
  PoolSpec,
  ProcessLimitsSpec,
  SupervisorNodeSpec,
  ThreadLimitsSpec,
  TreeSpec,
  WallsSpec,
} from './tree-spec.js';
