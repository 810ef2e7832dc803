export { espalier } from './program.js';
