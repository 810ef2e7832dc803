/** Savina's counting: messages to a counter, then one request for the total. */
export { open } from './one-way.mjs';
