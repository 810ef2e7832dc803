/** `npm run soak`: set-up, build, then test/soak/main.mjs with the arguments given. */
import { runBuilt } from './lib/run-built.mjs';

await runBuilt('soak', 'test/soak/main.mjs');
