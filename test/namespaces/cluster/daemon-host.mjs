/** A host with a daemon, in a namespace of its own: starts and kills it, and runs commands beside it. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = (/** @type {string} */ path) => fileURLToPath(new URL(`../../../apps/${path}`, import.meta.url));
const DAEMON = bin('daemon/bin/espalierd.js');
const COMMAND = bin('cli/bin/espalier.js');

/** @param {Record<string, unknown>} line */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let folder = '';
/** @type {import('node:child_process').ChildProcess | undefined} */
let daemon;

/** @type {Record<string, (order: any) => unknown>} */
const ORDERS = {
  async start({ args = [] }) {
    const child = spawn(process.execPath, [DAEMON, '--folder', folder, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    daemon = child;
    let said = '';
    await new Promise((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (said.includes('listens at')) resolve(undefined);
      });
      child.on('exit', (code) => reject(new Error(`the daemon ended with ${code}: ${said}`)));
    });
  },
  /** As if the machine had lost power: the processes of the daemon see their parent gone, and end. */
  async kill() {
    const child = daemon;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  },
  /** One line of a shell, in that folder; a daemon that it leaves behind is the one to be killed. */
  type({ line, cwd }) {
    return new Promise((resolve) => {
      const isDaemon = line.endsWith('&');
      const child = spawn('sh', ['-c', isDaemon ? `exec ${line.slice(0, -1)}` : line], {
        cwd,
        env: shell(),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const printed = { stdout: '', stderr: '' };
      for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
        child[name].setEncoding('utf8').on('data', (text) => {
          printed[name] += text;
          if (isDaemon && text.includes('listens at')) resolve({ code: 0, ...printed });
        });
      }
      if (isDaemon) daemon = child;
      child.on('close', (code) => resolve({ code, ...printed }));
    });
  },
  /** `espalier …`: what it printed, and its code. */
  command({ args, input = '', env: given = {} }) {
    return new Promise((resolve) => {
      const env = { ...process.env, ESPALIER_FOLDER: folder, XDG_CONFIG_HOME: `${folder}-config`, ...given };
      const child = execFile(process.execPath, [COMMAND, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr });
      });
      child.stdin?.end(input);
    });
  },
};

/** Commands as they are typed: `espalier` and `espalierd` are found, and each machine has a home of its own. */
function shell() {
  const programs = join(folder, '..', 'bin');
  mkdirSync(programs, { recursive: true });
  for (const [name, script] of Object.entries({ espalier: COMMAND, espalierd: DAEMON })) {
    writeFileSync(join(programs, name), `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`, {
      mode: 0o755,
    });
  }
  mkdirSync(folder, { recursive: true });
  const { PATH } = process.env;
  return { HOME: folder, PATH: `${programs}:${PATH}` };
}

createInterface({ input: process.stdin })
  .on('line', async (text) => {
    const line = JSON.parse(text);
    if (folder === '') {
      ({ folder } = line);
      say({ started: true });
      return;
    }
    try {
      say({ id: line.id, value: (await ORDERS[line.order]?.(line)) ?? null });
    } catch (error) {
      say({ id: line.id, error: String(error) });
    }
  })
  .on('close', () => process.exit(0));
