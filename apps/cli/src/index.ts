export { paintFor } from './colour.js';
export { eventText } from './event-text.js';
export { espalier } from './program.js';
