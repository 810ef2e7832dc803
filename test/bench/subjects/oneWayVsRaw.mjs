export { open } from './one-way.mjs';
