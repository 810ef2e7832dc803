/** `npm run pack -- FOLDER`: sets up, builds, and packs every public package as a tarball that npm installs. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from './build.mjs';
import { packAll } from './lib/pack.mjs';
import { say } from './lib/project.mjs';
import { setup } from './setup.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  say('pack: give a folder: npm run pack -- FOLDER');
  process.exitCode = 1;
} else {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true });
  await setup();
  await build();
  say(`pack: ${(await packAll(path)).length} packages in ${path}`);
}
