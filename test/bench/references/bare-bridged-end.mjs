/** One of the two threads at the ends of bare-bridged.mjs: a text goes to the other one, or comes from it; an object is an order. */
import { parentPort, workerData } from 'node:worker_threads';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';

/** @typedef {import('../payloads.mjs').PayloadName} PayloadName */

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
/** @type {{ role: 'caller' | 'server' }} */
const { role } = workerData;
let { sum } = payload('small');
let total = 0;
/** @type {(text: string) => void} */
let take = (text) => {
  const one = sum(JSON.parse(text));
  total += one;
  port.postMessage(JSON.stringify(one));
};

/** One call after the other. @param {number} count @param {PayloadName} name */
function call(count, name) {
  const { build } = payload(name);
  let i = 0;
  let answers = 0;
  const started = seconds();
  take = (text) => {
    answers += JSON.parse(text);
    i += 1;
    if (i < count) port.postMessage(JSON.stringify(build(i)));
    else port.postMessage({ seconds: seconds() - started, sum: answers });
  };
  port.postMessage(JSON.stringify(build(0)));
}

port.on('message', (said) => {
  if (typeof said === 'string') take(said);
  else if (role === 'caller') call(said.call, said.payload);
  else if ('begin' in said) {
    ({ sum } = payload(said.begin));
    total = 0;
    port.postMessage({ ready: true });
  } else port.postMessage({ total });
});
