/**
 * The RabbitMQ that tests start for themselves: finds it, and on a Debian-like machine where we may, installs
 * it from the system's packages. What is installed is only the program: no service of the machine's is
 * started, and the tests' broker is a private child process (test/broker/keeper.mjs).
 *
 * `npm test` calls this before the broker's stage; `ESPALIER_BROKER=no` tells it to install nothing.
 */
import { accessSync, constants, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findBroker } from '../test/broker/find-broker.mjs';
import { say } from './lib/project.mjs';
import { run } from './lib/run.mjs';

const POLICY = '/usr/sbin/policy-rc.d';
const REMEDY =
  'Install it (Debian, Ubuntu: apt-get install --no-install-recommends rabbitmq-server), or set RABBITMQ_SERVER to its path.';

/** Why it must not be installed here, or undefined. */
function hindrance() {
  if (process.env.ESPALIER_BROKER === 'no') return 'ESPALIER_BROKER=no says so';
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return 'there is no apt-get here';
  if (process.getuid?.() !== 0) return 'that takes root';
  try {
    accessSync('/usr/sbin', constants.W_OK);
  } catch {
    return '/usr/sbin cannot be written';
  }
  return undefined;
}

async function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120'];
  const code = await run('apt-get', [...options, ...args], { env, deadlineMs: 300_000 });
  if (code !== 0) throw new Error(`apt-get ${args.join(' ')} ended with ${code}`);
}

/** Packages start their services when they are installed, unless this script of the machine forbids it. */
async function withoutServices(work) {
  if (existsSync(POLICY)) {
    // The machine's own: it stays as it is, and has the last word.
    if ((await run(POLICY, ['rabbitmq-server', 'start'])) !== 101) {
      throw new Error(`${POLICY} would let the service start`);
    }
    await work();
    return;
  }
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  const remove = () => rmSync(POLICY, { force: true });
  process.once('exit', remove);
  try {
    await work();
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Gives the path of the broker, installing it where that is allowed; undefined, and says why, where not. */
export async function ensureBroker() {
  const found = findBroker();
  if (found !== undefined) return found;
  const why = hindrance();
  if (why !== undefined) {
    say(`broker: RabbitMQ is not installed, and is not installed now: ${why}. ${REMEDY}`);
    return undefined;
  }
  say(
    'broker: installing rabbitmq-server from the packages of this system, for the tests; no service starts',
  );
  say('broker: (ESPALIER_BROKER=no keeps it from doing so)');
  try {
    await withoutServices(async () => {
      await apt('update');
      await apt('install', '--no-install-recommends', 'rabbitmq-server');
    });
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
