export { open } from './rttVsRaw.mjs';
