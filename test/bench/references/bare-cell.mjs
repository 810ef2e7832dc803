/** Bare forks that start one bare worker, one at a time: from `fork` to the first message of the worker. */
import { fileURLToPath } from 'node:url';
import { openForks } from './fork-start.mjs';

/** @type {import('../subject.mjs').Open} */
export const open = () => openForks(fileURLToPath(new URL('./forked-thread.cjs', import.meta.url)));
