/** The commands that talk to a daemon, with their options. */
import { InvalidArgumentError, type Command } from 'commander';
import type { SpawnOptions } from './act.js';
import type { ApplyOptions } from './apply.js';
import { remoteOptions, withDaemon, type Remote, type RemoteOptions } from './command.js';
import type { LogOptions, StreamOptions } from './look.js';
import { VERBS, type Verb } from './verbs.js';

type Finish = (code: number) => void;
type SetOption = readonly [flags: string, description: string];

/** Loaded when it is asked for: a command takes hardly longer than Node itself. */
const load = {
  act: () => import('./act.js'),
  apply: () => import('./apply.js'),
  doctor: () => import('./doctor.js'),
  look: () => import('./look.js'),
};

const PATH = 'as `espalier tree --json` has it: the ids from the tree’s name down, with slashes';
const REVISION = 'as `espalier history` lists it';

export function addRemoteCommands(program: Command, set: SetOption, finish: Finish): void {
  const add = (name: string, description: string, example: string): Command => {
    const command = program.command(name).description(description);
    return remoteOptions(command).addHelpText('after', `\nExample:\n  ${example.replaceAll('\n', '\n  ')}`);
  };
  const run = async (
    options: RemoteOptions,
    work: (remote: Remote) => Promise<number | undefined>,
    file?: string,
  ): Promise<void> => {
    finish(await withDaemon(options, work, file));
  };

  withApplyOptions(
    add('apply', 'make the tree of the daemon what a spec file says', APPLY_EXAMPLES)
      .argument('<file>', 'YAML or JSON file that describes the tree')
      .option(...set, collect, []),
  ).action((file: string, options: RemoteOptions & ApplyOptions & { set: readonly string[] }) => {
    return run(options, async (remote) => (await load.apply()).apply(remote, file, options), file);
  });
  withApplyOptions(
    add(
      'rollback',
      'apply an earlier revision of the spec again',
      'espalier rollback\nespalier rollback 3 --check --diff',
    ).argument('[revision]', `${REVISION}; by default the one before the last`, whole),
  ).action((revision: number | undefined, options: RemoteOptions & ApplyOptions) => {
    return run(options, async (remote) => (await load.apply()).rollback(remote, revision, options));
  });
  add(
    'history',
    'list what was applied, the newest first',
    'espalier history\nespalier history 3 > before.espalier.yaml',
  )
    .argument('[revision]', `print the spec of that one, ${REVISION}`, whole)
    .action((revision: number | undefined, options: RemoteOptions) => {
      return run(options, async (remote) => (await load.look()).history(remote, revision));
    });
  add('status', 'say what the daemon runs; code 1 if that does not run', 'espalier status').action(
    (options: RemoteOptions) => run(options, async (remote) => (await load.look()).status(remote)),
  );
  add('tree', 'show the tree as it stands', 'espalier tree\nespalier tree --json').action(
    (options: RemoteOptions) => run(options, async (remote) => (await load.look()).tree(remote)),
  );
  add('show', 'show one node, with its spec', 'espalier show shop/cart')
    .argument('<path>', PATH)
    .action((path: string, options: RemoteOptions) =>
      run(options, async (remote) => (await load.look()).show(remote, path)),
    );
  add('events', 'list what happened in the tree', 'espalier events -f\nespalier events --json | jq .event')
    .option('-f, --follow', 'go on with what happens', false)
    .option('--after <id>', 'only what came after that entry', whole)
    .action((options: RemoteOptions & StreamOptions) => {
      return run(options, async (remote) => (await load.look()).events(remote, streamOptions(options)));
    });
  add(
    'logs',
    'print what a node and those below it have printed',
    'espalier logs -f shop/cart\nespalier logs -n 100',
  )
    .argument('[path]', `${PATH}; by default all`)
    .option('-f, --follow', 'go on with what is printed', false)
    .option('-n, --lines <number>', 'so many of the last lines (1000)', whole)
    .option('--after <id>', 'only what came after that entry', whole)
    .action((path: string | undefined, options: RemoteOptions & LogOptions) => {
      const { lines } = options;
      const asked = { ...streamOptions(options), ...(lines === undefined ? {} : { lines }) };
      return run(options, async (remote) => (await load.look()).logs(remote, path, asked));
    });
  for (const [verb, [description]] of Object.entries(VERBS)) {
    add(verb, description, `espalier ${verb} shop/cart`)
      .argument('<path>', PATH)
      .action((path: string, options: RemoteOptions) => {
        return run(options, async (remote) => (await load.act()).change(remote, verb as Verb, path));
      });
  }
  add('spawn', 'start one more child of a supervisor, once', SPAWN_EXAMPLES)
    .argument('<supervisor>', PATH)
    .argument('[module]', 'its code; none where the supervisor has a template')
    .option('--id <id>', 'its id; by default one is made')
    .option('--args <value>', 'for its init: JSON, or text')
    .action((path: string, module: string | undefined, options: RemoteOptions & SpawnOptions) => {
      const given = { ...options, ...(module === undefined ? {} : { module }) };
      return run(options, async (remote) => (await load.act()).spawn(remote, path, given));
    });
  add('call', 'call an operation of a server', 'espalier call shop/cart add \'{"item": 7}\' 2')
    .argument('<path>', PATH)
    .argument('<operation>', 'one of its calls')
    .argument('[parameters...]', 'each JSON, or text')
    .option('--timeout <ms>', 'give up after so many milliseconds (5000)', whole)
    .action(
      (
        path: string,
        operation: string,
        given: readonly string[],
        options: RemoteOptions & { timeout?: number },
      ) => {
        return run(options, async (remote) =>
          (await load.act()).call(remote, path, operation, given, options.timeout),
        );
      },
    );
  add('send', 'send a message to an environment', 'espalier send shop/cart \'{"sell": true}\'')
    .argument('<path>', PATH)
    .argument('<value>', 'JSON, or text')
    .action((path: string, value: string, options: RemoteOptions) => {
      return run(options, async (remote) => (await load.act()).send(remote, path, value));
    });
  add('doctor', 'say what this machine offers, what is missing, and how to get it', 'espalier doctor').action(
    (options: RemoteOptions) => run(options, async (remote) => (await load.doctor()).doctor(remote)),
  );
}

const APPLY_EXAMPLES = `espalier apply shop.espalier.yaml
espalier apply shop.espalier.yaml --check --diff

Exit code: 0 if nothing changed, 2 if something did or, with --check, would; 1 for an error.`;

const SPAWN_EXAMPLES = `espalier spawn shop ./reindex.ts --args '{"from": 2020}'
espalier spawn shop/workers --args 7`;

function withApplyOptions(command: Command): Command {
  return command
    .option('--check', 'change nothing, only tell what would change', false)
    .option('--diff', 'list every change', false)
    .option('--wait <seconds>', 'give up waiting after that time; the daemon goes on', seconds);
}

function streamOptions({ follow, after }: StreamOptions): StreamOptions {
  return { follow, ...(after === undefined ? {} : { after }) };
}

function collect(setting: string, before: readonly string[]): readonly string[] {
  return [...before, setting];
}

function whole(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Give a whole number.');
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1e6) return value;
  throw new InvalidArgumentError('Give a number of seconds above 0.');
}
