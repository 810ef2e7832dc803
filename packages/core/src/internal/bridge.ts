/** For the package `mq-bridge`: time, chance and the end of a turn, as its parameters and as Node has them. */
export { nodeAfterTurn } from '../threads/node-after-turn.js';
export { realTime } from '../threads/thread-time.js';

export type { AfterTurn, Clock, Random } from '../clock.js';
