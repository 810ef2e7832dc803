export { LARGEST_REQUEST_BYTES } from './limits.js';
export { OPERATIONS } from './operations.js';
export * from './access.js';
export * from './cluster.js';
export * from './resources.js';
export * from './schemas.js';
export type { Operation, OperationName } from './operations.js';
