/**
 * A host of its own for the tests: starts a cell behind the walls that it is told and says what it is, as a line
 * of JSON. `busy`: what the cell does meanwhile. `inWorker`: the cell's parent is a thread, which ends when a
 * line comes in.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { CellProcess, probeMachine } from '../../dist/cells/index.js';
import { nodeAfterTurn } from '../../dist/threads/node-after-turn.js';
import { nodeClock } from '../../dist/threads/node-clock.js';

const order = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const file = fileURLToPath(new URL('./cell-fixture.mjs', import.meta.url));
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

if (isMainThread && order.inWorker) {
  const worker = new Worker(new URL(import.meta.url), { workerData: order });
  process.stdin.once('data', () => void worker.terminate());
} else {
  const machine = await probeMachine({ files: [file] });
  const cell = new CellProcess({
    file,
    execArgv: [],
    title: 'orphan',
    machine,
    walls: new Set(order.walls),
    limits: {},
    startTimeoutMs: 20_000,
    outputBytesPerSecond: 100_000,
    clock: nodeClock(),
    afterTurn: nodeAfterTurn,
    output: (_, text) => process.stderr.write(text),
  });
  cell.onEnd((end) => say({ end }));
  cell.pipe.control.receive({
    batch(bytes) {
      const { value, error } = JSON.parse(new TextDecoder().decode(bytes));
      if (value === 'ready') cell.pipe.control.send(new TextEncoder().encode(order.busy));
      else
        say({ pid: cell.pid, nodePid: cell.nodePid, inUserNamespace: machine.inUserNamespace, value, error });
    },
    end() {},
  });
  if (isMainThread) process.stdin.resume();
}
