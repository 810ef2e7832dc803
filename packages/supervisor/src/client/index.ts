export { AdminClient } from './client.js';
export { jsonValue } from '../log-events/json-value.js';
export { daemonFolder, socketPath } from './folder.js';
export { errorOf, problemOf } from './problem.js';

export type {
  AdminClientOptions,
  AuditOptions,
  FollowOptions,
  LogOptions,
  RemoteDaemon,
  RequestOptions,
  Streamed,
} from './client.js';
export type * from './contract/index.js';
export type { FolderOptions } from './folder.js';
