/** An object of one environment, called from another: Comlink over calls, guarded. See docs/comlink.md. */
export { callback } from './callback.js';
export { expose } from './expose.js';
export { wrap } from './wrap.js';

export type { Callback, RemoteCallback } from './callback.js';
export type { Exposed, Exposure } from './expose.js';
export type { ApiOf, Remote, WrapOptions } from './wrap.js';
