export { openApi } from './api/openapi.js';
export { startDaemon } from './root-process/daemon.js';

export type { BuildBounds, Daemon, DaemonOptions, ListenOptions } from './root-process/daemon.js';
