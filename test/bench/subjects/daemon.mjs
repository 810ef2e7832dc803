/** A daemon of our own in a fresh folder, as a process, with a spec that it runs. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AdminClient } from '@espalier/supervisor/client';

const ESPALIERD = fileURLToPath(new URL('../../../apps/daemon/bin/espalierd.js', import.meta.url));

/** @param {string} name */
export const guest = (name) => fileURLToPath(new URL(`./guests/${name}`, import.meta.url));

/** @param {object} spec its modules by absolute paths */
export async function startDaemon(spec) {
  const parent = mkdtempSync(join(tmpdir(), 'esp-bench-'));
  const folder = join(parent, 'd');
  const file = join(parent, 'bench.espalier.json');
  writeFileSync(file, JSON.stringify(spec));
  const child = spawn(process.execPath, [ESPALIERD, file, '--folder', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (said.includes('listens at')) resolve(undefined);
    });
    void ended.then(() => reject(new Error(`the daemon ended: ${said}`)));
  });
  return {
    folder,
    /** Of the spec that it was started with. */
    base: pathToFileURL(`${parent}/`).href,
    pid: /** @type {number} */ (child.pid),
    client: new AdminClient({ folder }),
    async close() {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', kill);
      rmSync(parent, { recursive: true, force: true });
    },
  };
}
