/** `npm run soak`: set-up, build, then the soak with the arguments given; `npm run soak -- faults`: random faults on a network. */
import { runBuilt } from './lib/run-built.mjs';

await runBuilt(
  'soak',
  process.argv[2] === 'faults' ? 'test/namespaces/faults/soak.mjs' : 'test/soak/main.mjs',
);
