/**
 * Programs that tests need, from the packages of a Debian-like system where we may install them. What is installed
 * is only the program: no service of the machine's is started, for tests start what they need for themselves.
 */
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { run } from './run.mjs';

const POLICY = '/usr/sbin/policy-rc.d';

/** Why nothing can be installed here, or undefined. */
export function hindrance() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return 'there is no apt-get here';
  if (process.getuid?.() !== 0) return 'that takes root';
  try {
    accessSync('/usr/sbin', constants.W_OK);
  } catch {
    return '/usr/sbin cannot be written';
  }
  return undefined;
}

/** Throws where the packages cannot be had. */
export async function install(...packages) {
  await withoutServices(packages[0], async () => {
    await apt('update');
    await apt('install', '--no-install-recommends', ...packages);
  });
}

async function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120'];
  const code = await run('apt-get', [...options, ...args], { env, deadlineMs: 300_000 });
  if (code !== 0) throw new Error(`apt-get ${args.join(' ')} ended with ${code}`);
}

/** Packages start their services when they are installed, unless this script of the machine forbids it. */
async function withoutServices(service, work) {
  if (existsSync(POLICY)) {
    // The machine's own: it stays as it is, and has the last word.
    if ((await run(POLICY, [service, 'start'])) !== 101) {
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
