export { openApi } from './api/openapi.js';
export { startDaemon } from './root/daemon.js';

export type { Daemon, DaemonOptions } from './root/daemon.js';
