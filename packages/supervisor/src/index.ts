export { Host } from './host/host.js';
export { start } from './host/start.js';
export { DEFAULTS, loadSpec, normaliseSpec, NOT_BUILT, readSpecFile } from './spec/index.js';

export type { TreeEvent } from './host/events.js';
export type { StopResult } from './host/host.js';
export type { StartOptions } from './host/start.js';
export type * from './spec/index.js';
