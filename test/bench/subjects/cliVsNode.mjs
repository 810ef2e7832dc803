/** A command must hardly be felt: what it takes beside the start of Node. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { seconds } from '../clock.mjs';
import { guest, startDaemon } from './daemon.mjs';

const ESPALIER = fileURLToPath(new URL('../../../apps/cli/bin/espalier.js', import.meta.url));

/** @param {readonly string[]} args */
function node(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${args[0]}: code ${code}`)),
    );
  });
}

/** @param {() => Promise<unknown>} once @param {number} count */
async function timed(once, count) {
  const started = seconds();
  for (let i = 0; i < count; i++) await once();
  return { count, seconds: seconds() - started };
}

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const children = [{ id: 'one', module: guest('idle.mjs') }];
  const daemon = await startDaemon({ name: 'bench', children });
  const tree = async () => {
    const text = await node([ESPALIER, 'tree', '--folder', daemon.folder]);
    if (!text.includes('one  running')) throw new Error(`the tree is ${text}`);
  };
  return { run: ({ count }) => timed(tree, count), close: daemon.close };
}

/** @type {import('../subject.mjs').Open} */
export async function openReference() {
  return { run: ({ count }) => timed(() => node(['-e', '0']), count), close: async () => undefined };
}
