export { OPERATIONS } from './operations.js';
export * from './schemas.js';
export type { Operation, OperationName } from './operations.js';
