/** The command line: which commands and options there are. What carries a command out is loaded when it is asked for. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { endOnBrokenOutput } from './broken-output.js';
import { addLocalCommands } from './local/program.js';
import { addRemoteCommands } from './remote/program.js';
import type { UpOptions } from './up.js';

const SET = ['--set <node.field=value>', 'replace a field of the spec; can be repeated'] as const;

/** Runs one command. `argv` holds the arguments alone. Resolves with the exit code. */
export async function espalier(argv: readonly string[]): Promise<number> {
  let code = 0;
  await commandLine((ended) => {
    code = ended;
  }).parseAsync(argv, { from: 'user' });
  return code;
}

/** `finish` gets the exit code of a command, if that is another than 0. */
export function commandLine(finish: (code: number) => void): Command {
  const program = new Command('espalier')
    .description('Runs trees of isolated, supervised environments.')
    .version(version())
    .configureOutput({
      outputError: (text, write) => {
        write(`${oneLine(text)}\n`);
      },
    })
    .hook('preAction', (_program, command) => {
      if (command.name() !== 'up') endOnBrokenOutput();
    });
  program
    .command('up')
    .description('run the tree of a spec file in the foreground')
    .argument('<file>', 'YAML or JSON file that describes the tree')
    .option(
      '--json',
      'a log as pino writes it: one JSON object for each event and each line that is printed',
      false,
    )
    .option(
      '--raw',
      'standard output is what environments print, as it is; events go to standard error',
      false,
    )
    .option('--quiet', 'no lines for what goes as intended: starts, expected ends and stops', false)
    .option(...SET, collect, [])
    .addHelpText('after', AFTER_UP)
    .action(async (file: string, options: UpOptions) => {
      const { up } = await import('./up.js');
      finish(await up(file, options));
    });
  program
    .command('validate')
    .description('check a spec file and start nothing')
    .argument('<file>', 'YAML or JSON file that describes the tree')
    .option('--json', 'JSON in place of text for people', false)
    .option(...SET, collect, [])
    .addHelpText('after', AFTER_VALIDATE)
    .action(async (file: string, options: Pick<UpOptions, 'json' | 'set'>) => {
      const { validate } = await import('./validate.js');
      finish(await validate(file, options));
    });
  addLocalCommands(program, finish);
  addRemoteCommands(program, SET, finish);
  return program;
}

const AFTER_UP = `
A node is named by the ids from the root down: --set pricing/cache.limits.heapMb=64
SIGINT or SIGTERM stops the tree cleanly; a second one kills.
Exit code: 0 if the tree was stopped or ended as intended, 1 if it could not start or gave up.

Example:
  espalier up shop.espalier.yaml
  espalier up shop.espalier.yaml --set cart.limits.heapMb=64
  espalier up shop.espalier.yaml --json | pino-pretty`;

const AFTER_VALIDATE = `
Example:
  espalier validate shop.espalier.yaml
  espalier validate shop.espalier.yaml --json`;

/** What the command line itself is wrong about, as every other error is told. */
function oneLine(text: string): string {
  const problem = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  return `espalier: ${problem}${/[.?)]$/.test(problem) ? '' : '.'} See \`espalier --help\`.`;
}

function collect(setting: string, before: readonly string[]): readonly string[] {
  return [...before, setting];
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
