/** One of the two threads at the ends of bare-relay.mjs: a text is a batch, or says how many were read; an object is an order. */
import { parentPort } from 'node:worker_threads';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { BATCH } from './pipe-one-way.mjs';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/** Batches on the way, at most: as near as these come to the 1,000 messages of a mailbox. */
const WINDOW = 7;
/** So many were read when that is said: half of them, so that the sender need not stop for it. */
const SAID_AT_ONCE = 3;

let room = WINDOW;
let unsaid = 0;
let goOn = () => undefined;

/** @type {(text: string) => void} */
let take = (text) => {
  room += Number(text);
  goOn();
};

/** @param {{ send: number, payload: import('../payloads.mjs').PayloadName }} order */
async function send(order) {
  const { build, sum } = payload(order.payload);
  let total = 0;
  const started = seconds();
  for (let i = 0; i < order.send;) {
    const batch = [];
    for (; batch.length < BATCH && i < order.send; i += 1) {
      const message = build(i);
      total += sum(message);
      batch.push(message);
    }
    while (room === 0) {
      await new Promise((resolve) => {
        goOn = () => void resolve(undefined);
      });
    }
    room -= 1;
    port.postMessage(JSON.stringify(batch));
  }
  port.postMessage({ started, sum: total });
}

/** @type {Promise<{ finished: number, sum: number }>} */
let received;

/** @param {{ expect: number, payload: import('../payloads.mjs').PayloadName }} order */
function expect(order) {
  const { sum } = payload(order.payload);
  let left = order.expect;
  let total = 0;
  received = new Promise((resolve) => {
    take = (text) => {
      const batch = JSON.parse(text);
      for (const message of batch) total += sum(message);
      left -= batch.length;
      unsaid += 1;
      if (unsaid === SAID_AT_ONCE) {
        port.postMessage(String(unsaid));
        unsaid = 0;
      }
      if (left === 0) resolve({ finished: seconds(), sum: total });
    };
  });
  port.postMessage({ ready: true });
}

port.on('message', (said) => {
  if (typeof said === 'string') take(said);
  else if ('send' in said) void send(said);
  else if ('expect' in said) expect(said);
  else void received.then((totals) => port.postMessage(totals));
});
