/**
 * What would be published works for somebody who has nothing of ours: packs every public package,
 * installs all tarballs at once with npm into an empty folder outside the project, and there
 *
 * - imports every entry of every `exports`,
 * - compiles a module that imports their types,
 * - asks every `bin` for `--help`,
 * - does what docs/quickstart.md tells a newcomer, line by line, with an empty home.
 *
 * Nothing is listed here: it all follows from the manifests and from that page.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { packAll, published } from './lib/pack.mjs';
import { ROOT, say } from './lib/project.mjs';
import { tryQuickstart } from './lib/quickstart.mjs';
import { run, runNode } from './lib/run.mjs';
import { setup } from './setup.mjs';

async function must(what, code) {
  if ((await code) !== 0) throw new Error(`${what} failed; what it said stands above`);
}

/** `@espalier/core/testing` and so on; a pattern is no entry, it stands for several. */
function entries({ manifest }) {
  return Object.entries(manifest.exports)
    .filter(([path, target]) => target !== null && !path.includes('*') && !path.endsWith('.json'))
    .map(([path]) => manifest.name + path.slice(1));
}

function writeProject(folder, tarballs) {
  const names = published().flatMap(entries);
  const dependencies = Object.fromEntries(
    published().map(({ manifest }) => {
      const file = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
      if (!tarballs.includes(file)) throw new Error(`${manifest.name} was not packed as ${file}`);
      return [manifest.name, `file:${file}`];
    }),
  );
  const write = (name, text) => writeFileSync(join(folder, name), text);
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies }));
  write('smoke.mjs', names.map((name) => `await import('${name}');\n`).join(''));
  write(
    'types.ts',
    names
      .map((name, i) => `import type * as m${i} from '${name}';\nexport type T${i} = typeof m${i};\n`)
      .join(''),
  );
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  compilerOptions.typeRoots = [join(ROOT, 'node_modules', '@types')];
  compilerOptions.types = ['node'];
  write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['types.ts'] }));
}

async function tryIt(folder) {
  await must('importing every entry', runNode(['smoke.mjs'], { cwd: folder }));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await must('compiling against the types', runNode([tsc, '-p', 'tsconfig.json'], { cwd: folder }));
  for (const name of published().flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}))) {
    await must(`${name} --help`, run('npx', ['--no-install', name, '--help'], { cwd: folder }));
  }
}

async function main() {
  await setup();
  await build();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-pack-')));
  try {
    const tarballs = await packAll(folder);
    writeProject(folder, tarballs);
    const args = [
      'install',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--prefer-offline',
      '--loglevel=error',
    ];
    await must('installing the tarballs', run('npm', args, { cwd: folder }));
    await tryIt(folder);
    const home = join(folder, 'home');
    mkdirSync(home);
    await tryQuickstart(readFileSync(join(ROOT, 'docs/quickstart.md'), 'utf8'), { folder, home });
    say(`pack-check: ${tarballs.length} packages install and run outside the project`);
  } finally {
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  say(`pack-check: ${error.message}`);
  process.exitCode = 1;
}
