/** `npm run bench`: set-up, build, then test/bench/main.mjs with the arguments given. */
import { runBuilt } from './lib/run-built.mjs';

await runBuilt('bench', 'test/bench/main.mjs');
