/** The end of a turn, as Node has it. */
import type { AfterTurn } from '../clock.js';

const { nextTick } = process;
const DUE = Promise.resolve();

/** Not `queueMicrotask`: it makes an AsyncResource each time, and an awaited loop would get no batch at all. */
export const nodeAfterTurn: AfterTurn = (callback, soon) => {
  if (soon === true) void DUE.then(callback);
  else nextTick(callback);
};
