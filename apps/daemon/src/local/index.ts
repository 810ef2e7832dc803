export { startLocalDaemon } from './local-daemon.js';

export type { LocalDaemon, LocalDaemonOptions } from './local-daemon.js';
