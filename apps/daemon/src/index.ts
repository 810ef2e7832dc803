export { openApi } from './api/openapi.js';
export { startDaemon } from './root-process/daemon.js';

export type { Daemon, DaemonOptions } from './root-process/daemon.js';
