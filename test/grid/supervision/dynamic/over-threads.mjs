/**
 * 300 temporary children, one after another, over threads. Prints what the application and the kernel's
 * thread hold before and after, and which threads there are.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { start } from '@espalier/supervisor';
import { heldHere, heldInWorker } from './held.mjs';

const CHILDREN = 300;
/** Until everything that is made once is there. */
const WARM_UP = 40;

const host = await start(
  {
    name: 'tree',
    strategy: 'simple_one_for_one',
    children: [{ id: 'template', module: './victim.ts', restart: 'temporary' }],
  },
  { embedded: true, base: new URL('../modules/', import.meta.url) },
);
/** @type {(() => void) | undefined} */
let ended;
host.onEvent((event) => {
  if (event.kind === 'supervision' && event.event.kind !== 'started') ended?.();
});

/** One child, from its start to its end. @param {number} n */
async function child(n) {
  const over = new Promise((resolve) => {
    ended = () => resolve(undefined);
  });
  const started = await host.startChild('tree', { args: `child-${n}` });
  if (started === undefined) throw new Error('it did not start');
  if (n % 3 === 0) host.context.kill(started.address);
  else if (n % 3 === 1) await host.terminateChild(started.path);
  else await host.context.cast(started.address, 'end', ['a crash']);
  await over;
}

async function held() {
  // Addresses that nobody holds are given back to the kernel when they are collected.
  for (let n = 0; n < 5; n++) {
    globalThis.gc?.();
    await nextTurn();
    await host.tree();
  }
  return { application: heldHere(), kernel: await heldInWorker('espalier kernel') };
}

for (let n = 0; n < WARM_UP; n++) await child(n);
const before = await held();
for (let n = 0; n < CHILDREN; n++) await child(n);
const after = await held();
const { threads } = await host.facts();
await host.stop();
console.log(JSON.stringify({ before, after, threads: threads.length }));
