export { AdminClient } from './client.js';
export { jsonValue } from '../log-events/json-value.js';
export { daemonFolder, socketPath } from './folder.js';
export { SocketConnection } from './socket-connection.js';
export { errorOf, problemOf } from './problem.js';

export type {
  AdminClientOptions,
  AuditOptions,
  FollowOptions,
  LogOptions,
  RequestOptions,
} from './client.js';
export type { AdminRequest, Connection, Streamed } from './connection.js';
export type * from './contract/index.js';
export type { FolderOptions } from './folder.js';
export type { RemoteDaemon } from './socket-connection.js';
