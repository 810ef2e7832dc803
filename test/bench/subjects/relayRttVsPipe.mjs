/** A message and its answer between two environments, each in a cell of its own. */
import { startCells } from './host.mjs';
import { openRtt } from './rtt.mjs';

/** @type {import('../subject.mjs').Open} */
export const open = () => openRtt(startCells, { wall: 'process' });
