import { openCalls } from './calls.mjs';

export const open = openCalls(1);
