export { Host } from './host/host.js';
export { start } from './host/start.js';
export { loadSpec, normaliseSpec, readSpecFile } from './spec/index.js';

export type { TreeEvent } from './host/events.js';
export type { StopResult } from './host/host.js';
export type { StartOptions } from './host/start.js';
export type { NormalisedTree, SpecFile, TreeSpec } from './spec/index.js';
