/**
 * One run of one side in a process of its own, for what a process never gives back: memory.
 */
import { benchmarkOf } from './catalogue.mjs';
import { finish, taskOf } from './spawn-node.mjs';
import { openSide } from './subject.mjs';

const { key, name, work } = taskOf();
const side = await openSide(benchmarkOf(key), name);
const measured = await side.run(work);
await side.close();
finish(measured);
