/** For packages beside core, which are handed their clock and chance too: what these are, and the process's own. */
export { nodeClock, nodeRandom, wallNow } from '../threads/node-clock.js';

export type { Clock, Random } from '../clock.js';
