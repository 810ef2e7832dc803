/** The commands that talk to a daemon, with their options. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { NodeLimits, TokenRequest } from '@espalier/supervisor/client';
import { jsonOrText } from '../json-or-text.js';
import type { AuditedOptions } from './access.js';
import type { SpawnOptions } from './act.js';
import type { ApplyOptions } from './apply.js';
import { addClusterCommands } from './cluster-program.js';
import { remoteOptions, withDaemon, type Remote, type RemoteOptions } from './command.js';
import type { LogOptions, StreamOptions } from './look.js';
import type { TopOptions } from './top.js';
import { ORDERS } from './usage-table.js';
import { VERBS, type Verb } from './verbs.js';

type Finish = (code: number) => void;
type SetOption = readonly [flags: string, description: string];

/** Loaded when it is asked for: a command takes hardly longer than Node itself. */
const load = {
  access: () => import('./access.js'),
  act: () => import('./act.js'),
  apply: () => import('./apply.js'),
  cluster: () => import('./cluster.js'),
  doctor: () => import('./doctor.js'),
  look: () => import('./look.js'),
  top: () => import('./top.js'),
};

const PATH = 'as `espalier tree --json` has it: the ids from the tree’s name down, with slashes';
const REVISION = 'as `espalier history` lists it';

export function addRemoteCommands(program: Command, set: SetOption, finish: Finish): void {
  const add = (name: string, description: string, example: string): Command => {
    const command = program.command(name).description(description);
    return remoteOptions(command).addHelpText('after', `\nExample:\n  ${example.replaceAll('\n', '\n  ')}`);
  };
  const run = async (
    what: string,
    options: RemoteOptions,
    work: (remote: Remote) => Promise<number | undefined>,
    file?: string,
  ): Promise<void> => {
    finish(await withDaemon(what, options, work, file));
  };

  withApplyOptions(
    add('apply', 'make the tree of the daemon what a spec file says', APPLY_EXAMPLES)
      .argument('<file>', 'YAML or JSON file that describes the tree')
      .option(...set, collect, []),
  ).action((file: string, options: RemoteOptions & ApplyOptions & { set: readonly string[] }) => {
    return run('apply', options, async (remote) => (await load.apply()).apply(remote, file, options), file);
  });
  withApplyOptions(
    add(
      'rollback',
      'apply an earlier revision of the spec again',
      'espalier rollback\nespalier rollback 3 --check --diff',
    ).argument('[revision]', `${REVISION}; by default the one before the last`, whole),
  ).action((revision: number | undefined, options: RemoteOptions & ApplyOptions) => {
    return run('rollback', options, async (remote) =>
      (await load.apply()).rollback(remote, revision, options),
    );
  });
  add(
    'history',
    'list what was applied, the newest first',
    'espalier history\nespalier history 3 > before.espalier.yaml',
  )
    .argument('[revision]', `print the spec of that one, ${REVISION}`, whole)
    .action((revision: number | undefined, options: RemoteOptions) => {
      return run('history', options, async (remote) => (await load.look()).history(remote, revision));
    });
  add('status', 'say what the daemon runs; code 1 if that does not run', 'espalier status').action(
    (options: RemoteOptions) => run('status', options, async (remote) => (await load.look()).status(remote)),
  );
  add('tree', 'show the tree as it stands', 'espalier tree\nespalier tree --json')
    .option('--hosts', 'and below it other hosts of the cluster, with the names that they offer', false)
    .action((options: RemoteOptions & { readonly hosts: boolean }) => {
      return run('tree', options, async (remote) => (await load.look()).tree(remote, options.hosts));
    });
  add(
    'names',
    'list the names that hosts of the cluster offer, with who holds them',
    'espalier names',
  ).action((options: RemoteOptions) =>
    run('names', options, async (remote) => (await load.cluster()).names(remote)),
  );
  addClusterCommands(program, finish);
  add('show', 'show one node, with its spec', 'espalier show shop/cart')
    .argument('<path>', PATH)
    .action((path: string, options: RemoteOptions) =>
      run(`show ${path}`, options, async (remote) => (await load.look()).show(remote, path)),
    );
  add('events', 'list what happened in the tree', 'espalier events -f\nespalier events --json | jq .event')
    .option('-f, --follow', 'go on with what happens', false)
    .option('--after <id>', 'only what came after that entry', whole)
    .action((options: RemoteOptions & StreamOptions) => {
      return run('events', options, async (remote) =>
        (await load.look()).events(remote, streamOptions(options)),
      );
    });
  add(
    'logs',
    'print what a node and those below it have printed and logged',
    'espalier logs -f shop/cart\nespalier logs -n 100\nespalier logs --stream log --json | jq .fields',
  )
    .argument('[path]', `${PATH}; by default all`)
    .option('-f, --follow', 'go on with what is printed', false)
    .option('-n, --lines <number>', 'so many of the last lines (1000)', whole)
    .addOption(
      new Option('--stream <stream>', 'only what came that way').choices(['stdout', 'stderr', 'log']),
    )
    .option('--after <id>', 'only what came after that entry', whole)
    .action((path: string | undefined, options: RemoteOptions & LogOptions) => {
      const { lines, stream } = options;
      const asked = {
        ...streamOptions(options),
        ...(lines === undefined ? {} : { lines }),
        ...(stream === undefined ? {} : { stream }),
      };
      return run('logs', options, async (remote) => (await load.look()).logs(remote, path, asked));
    });
  for (const [verb, [description]] of Object.entries(VERBS)) {
    add(verb, description, `espalier ${verb} shop/cart`)
      .argument('<path>', PATH)
      .action((path: string, options: RemoteOptions) => {
        return run(`${verb} ${path}`, options, async (remote) =>
          (await load.act()).change(remote, verb as Verb, path),
        );
      });
  }
  add('spawn', 'start one more child of a supervisor, once', SPAWN_EXAMPLES)
    .argument('<supervisor>', PATH)
    .argument('[module]', 'its code; none where the supervisor has a template')
    .option('--id <id>', 'its id; by default one is made')
    .option('--args <value>', 'for its init: JSON, or text')
    .action((path: string, module: string | undefined, options: RemoteOptions & SpawnOptions) => {
      const given = { ...options, ...(module === undefined ? {} : { module }) };
      return run(`spawn below ${path}`, options, async (remote) =>
        (await load.act()).spawn(remote, path, given),
      );
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
        return run(`${path} ${operation}`, options, async (remote) =>
          (await load.act()).call(remote, path, operation, given, options.timeout),
        );
      },
    );
  add('send', 'send a message to an environment', 'espalier send shop/cart \'{"sell": true}\'')
    .argument('<path>', PATH)
    .argument('<value>', 'JSON, or text')
    .action((path: string, value: string, options: RemoteOptions) => {
      return run(`send to ${path}`, options, async (remote) => (await load.act()).send(remote, path, value));
    });
  add(
    'set',
    'change limits of a node while it runs; they hold until an apply changes that node',
    SET_EXAMPLES,
  )
    .argument('<path>', PATH)
    .argument('<limit=value...>', 'as in `limits` of a spec', limit, {})
    .action((path: string, limits: NodeLimits, options: RemoteOptions) => {
      const work = async (remote: Remote) => (await load.act()).set(remote, path, limits);
      return run(`limits of ${path}`, options, work);
    });
  add(
    'top',
    'show what nodes use: live on a terminal, else one table',
    'espalier top\nespalier top shop --sort memory\nespalier top --json | jq .nodes[0].cpu',
  )
    .argument('[path]', `${PATH}; by default all`)
    .option('--interval <seconds>', 'between two readings', seconds, 2)
    .addOption(new Option('--sort <order>', 'what comes first').choices(ORDERS).default('tree'))
    .action((path: string | undefined, options: RemoteOptions & TopOptions) => {
      return run('top', options, async (remote) => (await load.top()).top(remote, path, options));
    });
  add('token', 'make a token, by which somebody may administer a node and what is below it', TOKEN_EXAMPLES)
    .argument('[path]', `${PATH}; by default everything`)
    .addOption(new Option('--right <right>', 'only look, or change as well').choices(RIGHTS).default('view'))
    .option('--label <text>', 'for people: whose it is')
    .action((path: string | undefined, { right, label, ...options }: RemoteOptions & TokenRequest) => {
      const request = { right, path: path ?? null, ...(label === undefined ? {} : { label }) };
      return run('token', options, async (remote) => (await load.access()).makeToken(remote, request));
    });
  add('tokens', 'list the tokens that were made', 'espalier tokens').action((options: RemoteOptions) =>
    run('tokens', options, async (remote) => (await load.access()).listTokens(remote)),
  );
  add('revoke', 'end a token, and those that were made by it', 'espalier revoke 0123456789abcdef')
    .argument('<id>', 'as `espalier tokens` lists it')
    .action((id: string, options: RemoteOptions) =>
      run(`revoke ${id}`, options, async (remote) => (await load.access()).revokeToken(remote, id)),
    );
  add('audit', 'list who did what, when, to which node', 'espalier audit\nespalier audit shop/cart -n 20')
    .argument('[path]', `${PATH}; by default all`)
    .option('-n, --lines <number>', 'so many of the last (1000)', whole)
    .option('--after <id>', 'only what came after that entry', whole)
    .action((path: string | undefined, options: RemoteOptions & AuditedOptions) =>
      run('audit', options, async (remote) => (await load.access()).audit(remote, path, options)),
    );
  add('doctor', 'say what this machine offers, what is missing, and how to get it', 'espalier doctor').action(
    (options: RemoteOptions) =>
      run('doctor', options, async (remote) => (await load.doctor()).doctor(remote)),
  );
}

const APPLY_EXAMPLES = `espalier apply shop.espalier.yaml
espalier apply shop.espalier.yaml --check --diff

Exit code: 0 if nothing changed, 2 if something did or, with --check, would; 1 for an error.`;

const RIGHTS = ['view', 'control'];

const TOKEN_EXAMPLES = `espalier token shop --right control --label 'the shop’s people'
ESPALIER_TOKEN=... espalier tree --url https://host:7433`;

const SET_EXAMPLES = `espalier set shop/cart heapMb=128
espalier set shop/cart cpu=0.5 cpuOver=end`;

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

function limit(text: string, before: NodeLimits): NodeLimits {
  const equals = text.indexOf('=');
  const value = jsonOrText(text.slice(equals + 1));
  if (equals > 0 && (typeof value === 'number' || typeof value === 'string') && value !== '') {
    return { ...before, [text.slice(0, equals)]: value };
  }
  throw new InvalidArgumentError('Write it as `heapMb=64`.');
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
