/** Entry of threads whose code was compiled before: a CommonJS file of its own, see scripts/lib/bundle-threads.mjs. */
import workerThreads from 'node:worker_threads';
import { runThreadCode, type ThreadCode } from './thread-code.js';

declare const module: NodeJS.Module;

runThreadCode((workerThreads.workerData as { readonly code: ThreadCode }).code, module);
