/**
 * Does what a page tells its reader to type: every line of every block of shell that is not marked `text`, in one
 * folder, one after the other. A comment at the end of a line says what is to be expected of it, to people and here:
 *
 * - `# ends with 2`: its exit code, 0 otherwise
 * - `# until Ctrl-C`: it runs on; it is interrupted when it has printed something, and then ends with 0
 * - `&` at the end: it runs beside the rest, until `kill %1` or the end
 */
import { spawn } from 'node:child_process';
import { say } from './project.mjs';

/** Far more than any line takes. Milliseconds. */
const PATIENCE_MS = 60_000;

export function linesOf(page) {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  return blocks.flatMap((block) => block.split('\n').filter((line) => line.trim() !== ''));
}

/** `folder`: where our packages are installed. Throws for the first line that does not do as the page says. */
export async function tryQuickstart(page, { folder, home }) {
  const env = {
    ...process.env,
    HOME: home,
    XDG_STATE_HOME: '',
    ESPALIER_FOLDER: '',
    npm_config_update_notifier: 'false',
  };
  let beside;
  try {
    for (const line of linesOf(page)) {
      // It was done already, with the tarballs of this very state.
      if (line.startsWith('npm install ')) continue;
      say(`quickstart: ${line}`);
      if (line === 'kill %1') {
        await beside.end('SIGTERM');
        beside = undefined;
      } else if (line.endsWith('&')) {
        beside = started(line.slice(0, -1), { cwd: folder, env });
        await beside.printed;
      } else await tryLine(line, { cwd: folder, env });
    }
  } finally {
    await beside?.end('SIGKILL').catch(() => undefined);
  }
}

async function tryLine(line, options) {
  const [command, expected = ''] = line.split(/ +# /);
  const running = started(command, options);
  if (expected.startsWith('until Ctrl-C')) {
    await running.printed;
    await running.end('SIGINT');
    return;
  }
  const code = Number(/^ends with (\d+)/.exec(expected)?.[1] ?? 0);
  await running.ended(code);
}

/** In a group of its own: what npx starts gets the signals, too, as from a terminal. */
function started(command, { cwd, env }) {
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  let heard = () => undefined;
  const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), PATIENCE_MS);
  const printed = new Promise((resolve, reject) => {
    heard = () => {
      if (/Hello|listens at/.test(text)) resolve();
    };
    child.on('close', () => reject(new Error(`\`${command}\` ended too early:\n${text}`)));
  });
  printed.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      heard();
    });
  }
  // When nobody of the group has its streams any more.
  const closed = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal });
    });
  });
  const unexpected = ({ code, signal }) => new Error(`\`${command}\` ended with ${code ?? signal}:\n${text}`);
  return {
    printed,
    async ended(expected) {
      const how = await closed;
      if (how.code !== expected) throw unexpected(how);
    },
    /** npx itself ends by the signal, what it has started with 0. */
    async end(sent) {
      process.kill(-child.pid, sent);
      const how = await closed;
      if (how.code !== 0 && how.signal !== sent) throw unexpected(how);
    },
  };
}
