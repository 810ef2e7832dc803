/** One way between two environments, each in a cell of its own. */
import { startCells } from './host.mjs';
import { openOneWay } from './one-way.mjs';

/** @type {import('../subject.mjs').Open} */
export const open = () => openOneWay(startCells, { wall: 'process' });
