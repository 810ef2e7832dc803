export { Kernel } from './kernel.js';

export type { EnvironmentSpec } from './environment.js';
export type { KernelEvent } from './events.js';
export type { LoadResult } from './parts.js';
export type { NodeStart } from './supervisor-node.js';
export type { TreeSnapshot } from './tree.js';
export type { WallEnd, WallLimits, WallRequest, WallThread } from './wall.js';
export type * from './supervisor-logic.js';
