'use strict';
/** Starts one worker, says when that runs, and stays. */
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

const worker = new Worker(join(__dirname, 'bare-worker.cjs'), { workerData: { stay: true }, env: {} });
worker.once('message', () => process.send?.('ready'));
process.on('message', () => undefined);
