/** Set-up, build, then one script of the project with our arguments; its exit code is ours. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { setup } from '../setup.mjs';
import { ROOT, say } from './project.mjs';
import { runNode } from './run.mjs';

export async function runBuilt(name, script, flags = []) {
  try {
    await setup();
    await build();
    if (!existsSync(join(ROOT, script))) throw new Error(`${script} is not there yet`);
    process.exitCode = await runNode([...flags, script, ...process.argv.slice(2)], { stdout: true });
  } catch (error) {
    say(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
