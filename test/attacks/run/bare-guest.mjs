/** The attack in a bare worker, which beats until it cannot. */
import { MessageChannel, parentPort, workerData } from 'node:worker_threads';
import { attackWith, caseOf } from '../cases/index.mjs';

/** @type {any} */
const port = parentPort;
setInterval(() => port.postMessage({ beat: true }), 50);

const self = new MessageChannel();
const one = caseOf(workerData.name);

/** What it sends is looked at, or lies unread at the other end of a port. */
const far = new MessageChannel();
if (one.took === undefined) port.postMessage({ deaf: far.port2 }, [far.port2]);
const target = one.took === undefined ? far.port1 : port;

/** What can be moved is moved, what can only be copied is copied. @param {any} value */
function send(value) {
  try {
    target.postMessage(value);
  } catch (error) {
    if (/** @type {any} */ (error).name !== 'DataCloneError' && !(error instanceof TypeError)) throw error;
    target.postMessage(value, [value]);
  }
}

const got = await attackWith(
  one,
  {
    send: async (value) => send(value),
    sendSelf: async (value) => self.port1.postMessage(value),
    kept: [],
    mark: workerData.mark,
  },
  true,
);
port.postMessage({ done: true, got });
