/** A thread with the guard's tool: says whether that collects garbage in it, with room in the heap and with hardly any. */
import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { leaveGuardTool, TAKE_GUARD_TOOL } from '../../dist/threads/guard-tool.js';

leaveGuardTool();
const tool = (0, eval)(TAKE_GUARD_TOOL);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

async function collects() {
  const garbage = new WeakRef({});
  // What was made in a turn is kept until its end.
  await nextTurn();
  const [heap] = tool(true);
  await nextTurn();
  return { collected: garbage.deref() === undefined, heap };
}

const withRoom = await collects();
const kept = [];
const { heap_size_limit: limit } = getHeapStatistics();
while (getHeapStatistics().used_heap_size < 0.91 * limit)
  kept.push(new Array(10_000).fill(kept.length + 0.5));
const nearlyFull = await collects();
parentPort.postMessage({ withRoom, nearlyFull, limit, kept: kept.length });
