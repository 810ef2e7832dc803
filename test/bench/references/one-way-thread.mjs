import { workerData } from 'node:worker_threads';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { answer } from './answer.mjs';

/** @type {import('node:worker_threads').MessagePort} */
const port = workerData.port;

/** @param {{ send: number, payload: import('../payloads.mjs').PayloadName }} question */
function send(question) {
  const { build, sum } = payload(question.payload);
  let total = 0;
  const started = seconds();
  for (let i = 0; i < question.send; i += 1) {
    const message = build(i);
    total += sum(message);
    port.postMessage(message);
  }
  return { started, sum: total };
}

/** @type {Promise<{ finished: number, sum: number }>} */
let received;

/** @param {{ expect: number, payload: import('../payloads.mjs').PayloadName }} question */
function expect(question) {
  const { sum } = payload(question.payload);
  let left = question.expect;
  let total = 0;
  received = new Promise((resolve) => {
    /** @param {unknown} message */
    const take = (message) => {
      total += sum(message);
      left -= 1;
      if (left > 0) return;
      port.off('message', take);
      resolve({ finished: seconds(), sum: total });
    };
    port.on('message', take);
  });
  return { ready: true };
}

answer((question) => {
  if ('send' in question) return send(question);
  if ('expect' in question) return expect(question);
  return received;
});
