/** A message and its answer between two environments in threads of this process. */
import { startHost } from './host.mjs';
import { openRtt } from './rtt.mjs';

/** @type {import('../subject.mjs').Open} */
export const open = () => openRtt(startHost);
