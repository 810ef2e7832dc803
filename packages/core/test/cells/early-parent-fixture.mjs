/** A process that starts an early cell, says which, and lets it wait. */
import { fileURLToPath } from 'node:url';
import { assumedMachine } from '../../dist/cells/assumed-machine.js';
import { EarlyCell } from '../../dist/cells/early-cell.js';
import { nodeClock } from '../../dist/threads/node-clock.js';

// One that waits keeps no process going.
setInterval(() => undefined, 1_000_000);
const cell = new EarlyCell({
  file: fileURLToPath(new URL('./cell-fixture.mjs', import.meta.url)),
  early: undefined,
  title: 'tree',
  walls: new Set(),
  machine: assumedMachine(),
  settings: undefined,
  clock: nodeClock(),
  startTimeoutMs: 20_000,
});
const { pid } = await cell.offer;
process.stdout.write(`${pid}\n`);
