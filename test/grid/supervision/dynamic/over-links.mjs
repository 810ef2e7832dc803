/**
 * 10,000 temporary children, one after another, over the simulation's links. Prints what the process holds
 * and how many steps were taken, after every 1,000.
 */
import { IGNORE, server } from '@espalier/core';
import { opaqueValue } from '@espalier/core/internal/host.js';
import { Simulation } from '@espalier/core/testing';
import { supervisorLogic } from '../../../../packages/supervisor/dist/strategies/index.js';
import { heldHere } from './held.mjs';

const CHILDREN = 10_000;
const WINDOW = 1000;
const ENDS = ['ignore', 'exit', 'crash', 'stop'];

/** @typedef {{ readonly end: string, readonly name: string }} Args */

const simulation = new Simulation({ seed: 1, logic: supervisorLogic });
const { tree } = simulation.kernel;
const behaviour = server({
  /** @param {Args} args @param {import('@espalier/core').Context} context */
  async init({ end, name }, context) {
    if (end === 'ignore') return IGNORE;
    await context.register(name);
    if (end === 'exit') context.sendAfter(0, context.self, 'go');
    return undefined;
  },
  info(context) {
    context.exit({ tag: 'normal' });
  },
});
await simulation.start(
  [
    simulation.child(
      'template',
      { behaviour },
      {
        restart: 'temporary',
        name: null,
        start: { kind: 'environment', spec: simulation.spec({ behaviour }) },
      },
    ),
  ],
  { strategy: 'simple_one_for_one' },
);

let steps = 0;
/** Everything that can happen at the present time. */
async function settle() {
  while (await simulation.step(simulation.clock.now())) steps += 1;
}

/** One child, from its start to its end. @param {number} n */
async function child(n) {
  const end = /** @type {string} */ (ENDS[n % ENDS.length]);
  /** @type {any} */
  let answer;
  const extra = opaqueValue({ end, name: `child-${n}` }, 'args');
  tree.request('tree', { op: 'startChild', extra }, (result) => {
    answer = result;
  });
  await settle();
  if (end !== 'crash' && end !== 'stop') return;
  const { key } = answer.value.child;
  if (end === 'crash') simulation.crash(`tree/${key}`);
  else tree.request('tree', { op: 'terminateChild', id: key }, () => undefined);
  await settle();
}

const windows = [];
for (let n = 0; n < CHILDREN; n++) {
  await child(n);
  // The history is the test's to keep.
  simulation.events.length = 0;
  if ((n + 1) % WINDOW > 0) continue;
  windows.push({ steps, threads: simulation.threads, held: heldHere() });
  steps = 0;
}
console.log(JSON.stringify(windows));
