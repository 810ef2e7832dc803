'use strict';
// The least that a worker can be: CommonJS, because an ES module as entry takes some milliseconds more.
const { parentPort, workerData } = require('node:worker_threads');

const parent = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
if (workerData.stay) {
  parent.on('message', () => {
    globalThis.gc?.();
    parent.postMessage('collected');
  });
}
parent.postMessage('ready');
