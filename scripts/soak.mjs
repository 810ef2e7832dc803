/**
 * `npm run soak`: set-up, build, then test/soak/main.mjs with the arguments given.
 * `npm run soak -- bridge [messages]`: test/broker/soak.test.ts, so many durable messages (1,000,000) through a private
 * broker of three nodes. `npm run soak -- faults [...]`: test/namespaces/faults/soak.mjs, random faults on a network.
 */
import { ensureBroker } from './broker.mjs';
import { runBuilt } from './lib/run-built.mjs';

const [what, messages = '1000000'] = process.argv.slice(2);

if (what === 'bridge') {
  if (!(Number(messages) >= 2000))
    throw new RangeError(`${messages}: give a number of messages, 2000 at least`);
  await ensureBroker();
  process.env.ESPALIER_SOAK_MESSAGES = messages;
  process.env.ESPALIER_REQUIRE = 'broker';
  process.argv.splice(2, Infinity, '--runTestsByPath', 'test/broker/soak.test.ts');
  await runBuilt('soak', 'node_modules/jest/bin/jest.js', ['--experimental-vm-modules']);
} else await runBuilt('soak', what === 'faults' ? 'test/namespaces/faults/soak.mjs' : 'test/soak/main.mjs');
