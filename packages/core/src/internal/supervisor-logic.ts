/** For the package `supervisor`, which implements this interface of the kernel. Types only. */
export type * from '../kernel/supervisor-logic.js';
export type { OpaqueValue } from '../protocol/system-calls.js';
