export { openApi } from './api/openapi.js';
export { startDaemon } from './root-process/daemon.js';

export type { Daemon, DaemonOptions, ListenOptions } from './root-process/daemon.js';
