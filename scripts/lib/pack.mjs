/** Packs what would be published. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installedPnpm } from '../setup.mjs';
import { ROOT, workspacePackages } from './project.mjs';
import { runNode } from './run.mjs';

export const published = () => workspacePackages().filter(({ manifest }) => manifest.private !== true);

/** Every public package, as it lies in dist now, into a folder that is there. Resolves with the names of all tarballs. */
export async function packAll(folder) {
  const pnpm = installedPnpm().path;
  for (const { dir } of published()) {
    const args = [pnpm, '--silent', 'pack', '--pack-destination', folder];
    const env = { ...process.env, CI: 'true' };
    if ((await runNode(args, { cwd: join(ROOT, dir), env })) !== 0) {
      throw new Error(`packing ${dir} failed; what it said stands above`);
    }
  }
  return readdirSync(folder).filter((name) => name.endsWith('.tgz'));
}
