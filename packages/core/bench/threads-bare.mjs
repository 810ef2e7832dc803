/** The reference of threads.mjs. */
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => process.exit(1));
parentPort.postMessage('ready');
