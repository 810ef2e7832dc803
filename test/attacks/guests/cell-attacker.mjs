/** What the cells of the suite run: answers, and attacks when it is told to, itself or in a worker of its own. */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { bootCell } from '../../../packages/core/dist/cells/index.js';
import { attackWith, caseOf } from '../cases/index.mjs';

/** The descriptor that a cell writes to its parent by. */
const TO_PARENT = 4;
const { parent: pipe } = bootCell();

/** @param {object} what */
const say = (what) => pipe.control.send(new TextEncoder().encode(JSON.stringify(what)));

/** @param {Uint8Array} bytes */
function write(bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(TO_PARENT, bytes, at);
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'EAGAIN') throw error;
    }
  }
}

/** @param {{ attack: string, mark: string, inWorker?: boolean }} order */
async function attack({ attack: name, mark, inWorker }) {
  say({ attacking: true });
  pipe.flush();
  if (inWorker) {
    const worker = new Worker(new URL('../run/bare-guest.mjs', import.meta.url), {
      workerData: { name, mark },
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
    });
    worker.on('error', () => undefined);
    return;
  }
  const nothing = async () => undefined;
  const kit = { send: nothing, sendSelf: nothing, kept: [], mark, write };
  const got = await attackWith(caseOf(name), kit);
  say({ done: true, got });
}

pipe.control.receive({
  batch(bytes) {
    const order = JSON.parse(new TextDecoder().decode(bytes));
    if (order.ping !== undefined) say({ pong: order.ping });
    else if (order.attack !== undefined) void attack(order);
  },
  end() {},
});
say({ ready: true });
