/** One of the two outer processes of bare-relay.mjs: its main thread lies between its thread and the pipe, its `ipc` is for orders. */
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { framedText } from './framed-text.mjs';

const [, , role] = process.argv;
const pipe = framedText(new Socket({ fd: 4, readable: true, writable: true }));
const thread = new Worker(new URL('./bare-relay-thread.mjs', import.meta.url), { workerData: { role } });

pipe.receive((text) => thread.postMessage(text));
thread.on('message', (said) => {
  if (typeof said === 'string') pipe.send(said);
  else process.send?.(said);
});
process.on('message', (order) => thread.postMessage(order));
