/**
 * Checks the types of all tests, `*.test-d.ts` among them, against the built declarations: each
 * test/ folder with a tsconfig.json is a project of its own that emits nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ROOT, say, workspacePackages } from './lib/project.mjs';
import { runNode } from './lib/run.mjs';

const projects = workspacePackages()
  .map(({ dir }) => (dir === 'test' ? dir : `${dir}/test`))
  .filter((dir) => existsSync(join(ROOT, dir, 'tsconfig.json')));

try {
  await build();
  process.exitCode = await runNode([join('node_modules', 'typescript', 'bin', 'tsc'), '-b', ...projects]);
} catch (error) {
  say(`test:types: ${error.message}`);
  process.exitCode = 1;
}
