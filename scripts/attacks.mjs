/** `npm run attacks`: set-up, build, then test/attacks/main.mjs with the arguments given. */
import { runBuilt } from './lib/run-built.mjs';

await runBuilt('attacks', 'test/attacks/main.mjs');
