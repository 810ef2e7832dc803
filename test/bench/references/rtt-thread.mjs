import { workerData } from 'node:worker_threads';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { answer } from './answer.mjs';

/** @typedef {import('../payloads.mjs').PayloadName} PayloadName */

/** @type {import('node:worker_threads').MessagePort} */
const port = workerData.port;

/**
 * @param {number} count
 * @param {PayloadName} name
 * @returns {Promise<{ seconds: number, sum: number }>}
 */
function ping(count, name) {
  const { build, sum } = payload(name);
  return new Promise((resolve) => {
    let i = 0;
    let total = 0;
    const started = seconds();
    /** @param {unknown} message */
    const take = (message) => {
      total += sum(message);
      i += 1;
      if (i < count) {
        port.postMessage(build(i));
        return;
      }
      port.off('message', take);
      resolve({ seconds: seconds() - started, sum: total });
    };
    port.on('message', take);
    port.postMessage(build(0));
  });
}

let echoTotal = 0;

/** @param {PayloadName} name */
function echo(name) {
  const { build, sum } = payload(name);
  let i = 0;
  echoTotal = 0;
  port.removeAllListeners('message');
  port.on('message', (message) => {
    echoTotal += sum(message);
    port.postMessage(build(i));
    i += 1;
  });
  return { ready: true };
}

answer((question) => {
  if ('ping' in question) return ping(question.ping, question.payload);
  if ('echo' in question) return echo(question.echo);
  return { sum: echoTotal };
});
