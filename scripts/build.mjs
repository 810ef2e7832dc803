/**
 * Builds everything with `tsc -b`, and does nothing when no source has changed since the last build.
 *
 * tsc leaves the output of a source that was deleted or renamed where it is; tests could still import
 * it and it would be packed. So the list of sources is kept, and what belongs to a vanished one goes.
 *
 * The stamp covers sources and tsc's own notes on its output (.tsbuildinfo), so that a build by hand in
 * between does not go unnoticed; while tsc runs there is no valid stamp, since it writes even on errors.
 */
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleDrivers, driversExist } from './lib/bundle-drivers.mjs';
import { bundlesExist, bundleThreads } from './lib/bundle-threads.mjs';
import { locked } from './lib/lock.mjs';
import { filesBelow, readJson, ROOT, say, workspacePackages } from './lib/project.mjs';
import { runNode } from './lib/run.mjs';
import { setup } from './setup.mjs';
import { hashOf, readStamp, writeStamp } from './lib/stamp.mjs';

const STAMP = '.cache/build.json';
const OUTPUTS = ['.js', '.js.map', '.d.ts', '.d.ts.map'];

function builtPackages() {
  const compiled = workspacePackages().filter(({ dir }) => {
    return existsSync(join(ROOT, dir, 'src')) && existsSync(join(ROOT, dir, 'tsconfig.json'));
  });
  const referenced = new Set(readJson('tsconfig.json').references.map(({ path }) => path));
  const forgotten = compiled.filter(({ dir }) => !referenced.has(dir)).map(({ dir }) => dir);
  if (forgotten.length > 0) throw new Error(`tsconfig.json does not refer to ${forgotten.join(', ')}`);
  return compiled;
}

function removeOrphans(before, now) {
  const present = new Set(now);
  for (const source of before.filter((path) => !present.has(path))) {
    const output = source.replace(/\/src\//, '/dist/').replace(/\.ts$/, '');
    for (const extension of OUTPUTS) rmSync(join(ROOT, output + extension), { force: true });
  }
}

export async function build() {
  const packages = builtPackages();
  const sources = packages.flatMap(({ dir }) => filesBelow(`${dir}/src`));
  const settings = packages.flatMap(({ dir }) => [`${dir}/tsconfig.json`, `${dir}/package.json`]);
  const inputs = [
    'scripts/lib/bundle-drivers.mjs',
    'scripts/lib/bundle-threads.mjs',
    'scripts/lib/compile-threads.mjs',
    'scripts/lib/lazy-builtins.mjs',
    'tsconfig.json',
    'tsconfig.base.json',
    'pnpm-lock.yaml',
    ...settings,
    ...sources,
  ];
  const notes = packages.map(({ dir }) => `${dir}/dist/.tsbuildinfo`);
  const hash = () => hashOf([...inputs, ...notes]);
  const isCurrent = () =>
    bundlesExist() &&
    driversExist() &&
    notes.every((path) => existsSync(join(ROOT, path))) &&
    readStamp(STAMP)?.hash === hash();
  if (isCurrent()) return;
  await locked(async () => {
    if (isCurrent()) return;
    say('build: compiling what has changed');
    const before = readStamp(STAMP)?.sources ?? [];
    removeOrphans(before, sources);
    writeStamp(STAMP, { sources: [...new Set([...before, ...sources])] });
    const code = await runNode([join('node_modules', 'typescript', 'bin', 'tsc'), '-b']);
    if (code !== 0) throw new Error('the code does not compile; what tsc said stands above');
    await bundleThreads();
    await bundleDrivers();
    writeStamp(STAMP, { hash: hash(), sources });
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await setup();
    await build();
  } catch (error) {
    say(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
