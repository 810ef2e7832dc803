/** The commands that need no daemon: they make the files of a project, and of a service. */
import type { Command } from 'commander';
import { EspalierError } from '@espalier/core';
import { problemText } from '../problem-text.js';
import { Terminal } from '../remote/terminal.js';
import type { InstallOptions } from './install.js';

type Finish = (code: number) => void;

interface LocalOptions {
  readonly json: boolean;
}

export function addLocalCommands(program: Command, finish: Finish): void {
  const run = async (
    { json }: LocalOptions,
    work: (terminal: Terminal) => Promise<undefined>,
  ): Promise<void> => {
    try {
      await work(new Terminal(json));
    } catch (error) {
      const { message, code, remedy } = known(error);
      process.stderr.write(`${json ? problemText(error) : `espalier: ${message} (${code}). ${remedy}`}\n`);
      finish(1);
    }
  };
  program
    .command('init')
    .description('make a new project that runs as it is')
    .argument('[folder]', 'made if it is not there', '.')
    .option('--name <name>', 'of the tree and its file; by default as the folder')
    .option('--json', 'JSON in place of text for people', false)
    .addHelpText('after', '\nExample:\n  espalier init shop\n  espalier init --name shop')
    .action((folder: string, options: LocalOptions & { readonly name?: string }) => {
      return run(options, async (terminal) =>
        (await import('./init.js')).init(terminal, folder, options.name),
      );
    });
  program
    .command('install')
    .description('write a unit by which systemd runs the daemon: as root for the system, else for the user')
    .argument('[file]', 'a spec that is applied at each start, and by `systemctl reload espalier`')
    .option('--print', 'write nothing, only print the unit', false)
    .option('--force', 'write it over one that is there', false)
    .option('--unit <path>', 'write it there')
    .option('--user <name>', 'who runs it, as a service of the system', 'espalier')
    .option('--json', 'JSON in place of text for people', false)
    .addHelpText(
      'after',
      '\nExample:\n  espalier install --print\n  sudo espalier install /srv/shop/shop.espalier.yaml',
    )
    .action((file: string | undefined, options: LocalOptions & InstallOptions) => {
      return run(options, async (terminal) =>
        (await import('./install.js')).install(terminal, file, options),
      );
    });
  program
    .command('demo')
    .description('show what it is like, and leave nothing behind')
    .command('cluster')
    .description(
      'two hosts on this machine, and a service that outlives its host; takes RabbitMQ, and no root',
    )
    .option('--json', 'JSON in place of text for people', false)
    .addHelpText('after', '\nExample:\n  espalier demo cluster')
    .action((options: LocalOptions) => {
      return run(options, async (terminal) =>
        (await import('../demo/cluster-demo.js')).demoCluster(terminal),
      );
    });
}

/** What the system refuses is told as what we refuse. */
function known(error: unknown): { readonly message: string; readonly code: string; readonly remedy: string } {
  if (error instanceof EspalierError) return error as EspalierError;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return { code, message, remedy: 'Choose a place that you may write to.' };
}
