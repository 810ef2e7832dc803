import { workerData } from 'node:worker_threads';
import { expose, wrap } from 'comlink';
import adapter from 'comlink/dist/umd/node-adapter.js';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { answer } from './answer.mjs';

// The adapter is declared with a default export, but is the function itself.
const endpointOf = /** @type {typeof adapter.default} */ (/** @type {unknown} */ (adapter));
const endpoint = endpointOf(workerData.port);

let total = 0;
let sumOf = payload('small').sum;

if (workerData.role === 'server') {
  expose(
    {
      /** @param {unknown} value */
      sum(value) {
        const sum = sumOf(value);
        total += sum;
        return sum;
      },
    },
    endpoint,
  );
  answer((question) => {
    if ('total' in question) return { sum: total };
    sumOf = payload(question.payload).sum;
    total = 0;
    return { ready: true };
  });
} else {
  /** @type {import('comlink').Remote<{ sum(value: unknown): number }>} */
  const remote = wrap(endpoint);
  answer(async (question) => {
    const { build } = payload(question.payload);
    let sum = 0;
    const started = seconds();
    for (let i = 0; i < question.calls; i += 1) sum += await remote.sum(build(i));
    return { seconds: seconds() - started, sum };
  });
}
