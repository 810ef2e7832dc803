export { Kernel } from './kernel.js';

export type { EnvironmentSpec, NodeStart } from './node-start.js';
export type { KernelEvent } from './events.js';
export type { LoadResult } from './parts.js';
export type { TreeSnapshot } from './tree-snapshot.js';
export type { WallEnd, WallLimits, WallRequest, WallThread } from './wall.js';
export type * from './supervisor-logic.js';
