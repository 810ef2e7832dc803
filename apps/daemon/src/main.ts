/** The command `espalierd`. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { EspalierError } from '@espalier/core';
import { endProcess } from '@espalier/core/internal/host.js';
import { daemonFolder, type Problem } from '@espalier/supervisor/client';
import { startDaemon, type ListenOptions } from './root-process/daemon.js';
import { serviceManager } from './service-manager.js';
import { version } from './version.js';

const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const HELP = `
The folder is that of --folder, else ESPALIER_FOLDER, else ~/.local/state/espalier. It is the daemon's alone
(mode 0700), and has its socket, the applied specs and the logs. Without a file the daemon runs what was
applied last, or nothing.
SIGINT or SIGTERM stops the tree and the daemon; a second one kills. SIGHUP applies the file again.

  espalierd                                  what was applied last
  espalierd shop.espalier.yaml               this tree
  espalierd --folder /var/lib/espalier       as a service of the system`;

await new Command('espalierd')
  .description('Runs one tree of isolated, supervised environments, and lets `espalier` administer it.')
  .version(version())
  .argument('[file]', 'YAML or JSON file that describes the tree')
  .option('--folder <folder>', 'what is the daemon’s own')
  .option('--listen <host:port>', 'serve the API there too, with TLS, to who has a token')
  .option('--tls-cert <file>', 'certificate for --listen, in PEM')
  .option('--tls-key <file>', 'its key, in PEM')
  .addHelpText('after', HELP)
  .action(run)
  .parseAsync();

interface Options {
  readonly folder?: string;
  readonly listen?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

async function run(file: string | undefined, options: Options, command: Command): Promise<void> {
  const listen = listenOptions(options, command);
  const folder = daemonFolder({ ...options, env: process.env, home: homedir() });
  let stop: (code: number) => void = (code) => process.exit(code);
  let asked = false;
  let reload = (): void => undefined;
  process.on('SIGHUP', () => {
    reload();
  });
  for (const [signal, code] of Object.entries(SIGNAL_CODES)) {
    process.on(signal, () => {
      if (asked) void endProcess(code, { stuck: true });
      asked = true;
      stop(0);
    });
  }
  try {
    const daemon = await startDaemon({
      folder,
      ...(file === undefined ? {} : { file: resolve(file) }),
      ...(listen === undefined ? {} : { listen }),
      version: version(),
      nowMs: () => Date.now(),
      say,
    });
    const manager = serviceManager(process.env, say);
    stop = (code) => {
      void Promise.all([daemon.stop(), manager.tell('--stopping')]).then(([stuck]) => {
        return endProcess(code, { stuck: stuck.length > 0 });
      });
    };
    if (asked) stop(0);
    reload = () => {
      if (file === undefined) say('SIGHUP applies the file of the start again, and there was none');
      else daemon.reload();
    };
    void daemon.ready.then(() => manager.tell('--ready'));
    void daemon.failed.then((why) => {
      say(typeof why === 'string' ? why : problemText(why));
      stop(1);
    });
  } catch (error) {
    say(error instanceof EspalierError ? `${error.message} (${error.code}). ${error.remedy}` : String(error));
    await endProcess(1, { stuck: false });
  }
}

function listenOptions({ listen, tlsCert, tlsKey }: Options, command: Command): ListenOptions | undefined {
  if (listen === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  const [, inBrackets, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(listen ?? '') ?? [];
  const host = inBrackets ?? name;
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    return command.error('error: --listen takes a host and a port, as 0.0.0.0:7070 or [::1]:7070');
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    return command.error('error: --listen needs --tls-cert and --tls-key: tokens do not travel in the clear');
  }
  return { host, port: Number(port), certificate: resolve(tlsCert), key: resolve(tlsKey) };
}

function problemText({ detail, code, remedy, problems = [] }: Problem): string {
  const [first] = problems;
  if (first === undefined) return `${detail} (${code}). ${remedy}`;
  const { line, path, problem, remedy: write } = first;
  const more =
    problems.length > 1 ? ` And ${problems.length - 1} more: \`espalier validate\` lists them.` : '';
  return `${line === undefined ? '' : `line ${line}, `}${path}: ${problem} ${write} (${code})${more}`;
}

function say(line: string): void {
  process.stderr.write(`espalierd: ${line}\n`);
}
