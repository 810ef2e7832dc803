/**
 * The RabbitMQ that tests start for themselves: finds it, and on a Debian-like machine where we may, installs
 * it from the system's packages. What is installed is only the program: no service of the machine's is
 * started, and the tests' broker is a private child process (test/broker/keeper.mjs).
 *
 * `npm test` calls this before the broker's stage; `ESPALIER_BROKER=no` tells it to install nothing.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findBroker } from '../test/broker/find-broker.mjs';
import { findPython, PYTHON_PACKAGES } from '../test/broker/find-python.mjs';
import { hindrance, install } from './lib/apt.mjs';
import { say } from './lib/project.mjs';

const REMEDY =
  'Install it (Debian, Ubuntu: apt-get install --no-install-recommends rabbitmq-server), or set RABBITMQ_SERVER to its path.';

/** What a host in another language needs, for one test; without it that test is skipped. */
async function ensurePython() {
  if (findPython() !== undefined) return;
  const packages = Object.values(PYTHON_PACKAGES);
  const why = whyNot();
  if (why !== undefined) {
    say(`broker: ${packages.join(', ')} are not installed, and are not installed now: ${why}`);
    return;
  }
  say(`broker: installing ${packages.join(', ')} from the packages of this system, for a test`);
  try {
    await install(...packages);
  } catch (error) {
    say(`broker: ${error.message}`);
  }
}

/** Why it must not be installed here, or undefined. */
function whyNot() {
  return process.env.ESPALIER_BROKER === 'no' ? 'ESPALIER_BROKER=no says so' : hindrance();
}

/** Gives the path of the broker, installing it where that is allowed; undefined, and says why, where not. */
export async function ensureBroker() {
  await ensurePython();
  const found = findBroker();
  if (found !== undefined) return found;
  const why = whyNot();
  if (why !== undefined) {
    say(`broker: RabbitMQ is not installed, and is not installed now: ${why}. ${REMEDY}`);
    return undefined;
  }
  say(
    'broker: installing rabbitmq-server from the packages of this system, for the tests; no service starts',
  );
  say('broker: (ESPALIER_BROKER=no keeps it from doing so)');
  try {
    await install('rabbitmq-server');
  } catch (error) {
    say(`broker: ${error.message}. ${REMEDY}`);
  }
  return findBroker();
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const path = await ensureBroker();
  if (path === undefined) process.exitCode = 1;
  else say(`broker: ${path}`);
}
