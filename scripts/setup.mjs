/**
 * Set-up on a machine that has only Node and npm: fetches the pinned pnpm into .tools/ with npm, and
 * installs from the lockfile with it. Plain Node without dependencies, since nothing is installed yet.
 *
 * - It talks on stderr only: the standard output belongs to the job that follows.
 * - pnpm, its store, caches and state live in the project; nothing is installed globally. The user's
 *   npm configuration (registry, proxy, certificates) is respected; a cache that cannot be written is
 *   done without.
 * - NODE_ENV=production would leave out the tools, so it is not passed on.
 * - When lockfile and manifests are those of the last installation, nothing is run at all.
 *
 * `--update` brings the lockfile up to date with the manifests instead of insisting that it is.
 */
import { accessSync, constants, existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locked } from './lib/lock.mjs';
import { readJson, ROOT, say, workspacePackages } from './lib/project.mjs';
import { run, runNode } from './lib/run.mjs';
import { hashOf, readStamp, writeStamp } from './lib/stamp.mjs';

const TOOLS = join(ROOT, '.tools');
const STAMP = 'node_modules/.espalier-setup.json';

function pinnedPnpm() {
  const match = /^pnpm@(\d+\.\d+\.\d+)/.exec(readJson('package.json').packageManager);
  return match[1];
}

function installHash() {
  const manifests = workspacePackages().map(({ dir }) => `${dir}/package.json`);
  const target = `${process.platform} ${process.arch} ${process.versions.modules}`;
  return hashOf(['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests], target);
}

function isComplete() {
  const withDependencies = workspacePackages().filter(({ manifest }) => manifest.dependencies !== undefined);
  return withDependencies.every(({ dir }) => existsSync(join(ROOT, dir, 'node_modules')));
}

function childEnv() {
  const env = { ...process.env, CI: 'true' };
  delete env.NODE_ENV;
  return env;
}

/** The npm that started us, else the one of the path. */
function npm(args) {
  const started = process.env.npm_execpath;
  const options = { env: childEnv() };
  if (started !== undefined && basename(started) === 'npm-cli.js' && existsSync(started)) {
    return runNode([started, ...args], options);
  }
  return run('npm', args, options);
}

export function installedPnpm() {
  const folder = join(TOOLS, 'pnpm', 'node_modules', 'pnpm');
  try {
    const { version, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { version, path: join(folder, bin.pnpm) };
  } catch {
    return undefined;
  }
}

/** Whether npm could write its cache, as far as can be seen; npm says where it is to the scripts it runs. */
function cacheIsWritable() {
  let folder = process.env.npm_config_cache ?? join(homedir(), '.npm');
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function fetchPnpm(version) {
  const present = installedPnpm();
  if (present?.version === version) return present.path;
  say(`set-up: fetching pnpm ${version}`);
  const args = ['install', `pnpm@${version}`, '--prefix', join(TOOLS, 'pnpm'), '--global=false'];
  args.push('--no-audit', '--no-fund', '--no-update-notifier', '--no-package-lock', '--ignore-scripts');
  args.push('--loglevel=error');
  const ownCache = ['--cache', join(TOOLS, 'npm-cache')];
  const code = cacheIsWritable() ? await npm(args) : 1;
  if (code !== 0) await npm([...args, ...ownCache]);
  const fetched = installedPnpm();
  if (fetched?.version !== version) {
    throw new Error(`npm could not install pnpm@${version} into .tools/pnpm; what it said stands above`);
  }
  return fetched.path;
}

/** A project that was moved or copied with its node_modules: pnpm refuses another store than the one noted there. */
function dropForeignModules() {
  const stamp = readStamp(STAMP);
  if (stamp === undefined || stamp.root === ROOT) return;
  say('set-up: the folder was moved, installing anew');
  for (const dir of ['.', ...workspacePackages().map((item) => item.dir)]) {
    rmSync(join(ROOT, dir, 'node_modules'), { recursive: true, force: true });
  }
}

async function install(pnpm, update) {
  say('set-up: installing dependencies');
  const args = [pnpm, 'install', update ? '--no-frozen-lockfile' : '--frozen-lockfile', '--prod=false'];
  args.push('--store-dir', join(TOOLS, 'pnpm-store'), '--reporter=append-only', '--loglevel=warn');
  const env = childEnv();
  env.XDG_CACHE_HOME = join(TOOLS, 'cache');
  env.XDG_STATE_HOME = join(TOOLS, 'state');
  env.XDG_DATA_HOME = join(TOOLS, 'data');
  env.PNPM_HOME = join(TOOLS, 'data', 'pnpm');
  const code = await runNode(args, { env });
  if (code !== 0) {
    throw new Error(
      `pnpm install ended with ${code}. If a manifest was changed on purpose: npm run setup -- --update`,
    );
  }
}

export async function setup({ update = false } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node 20.19 or later is needed; this is ${process.versions.node}`);
  }
  const upToDate = () => readStamp(STAMP)?.hash === installHash() && isComplete();
  if (!update && upToDate()) return;
  await locked(async () => {
    if (!update && upToDate()) return;
    const pnpm = await fetchPnpm(pinnedPnpm());
    dropForeignModules();
    await install(pnpm, update);
    writeStamp(STAMP, { hash: installHash(), root: ROOT });
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await setup({ update: process.argv.includes('--update') });
  } catch (error) {
    say(`set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
