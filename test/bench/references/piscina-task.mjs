import { payload } from '../payloads.mjs';

let total = 0;
let sumOf = payload('small').sum;

/** @param {any} task a payload to be summed, or `{ total: name }`: the sum so far, and the payload that comes next */
export default function run(task) {
  if ('total' in task) {
    sumOf = payload(task.total).sum;
    return total;
  }
  const sum = sumOf(task);
  total += sum;
  return sum;
}
