/** `espalier cluster …`, with the options of each. */
import { InvalidArgumentError, type Command } from 'commander';
import type { BrokerOptions, RootOptions } from './cluster.js';
import { remoteOptions, withDaemon, type Remote, type RemoteOptions } from './command.js';
import { Terminal } from './terminal.js';

type Finish = (code: number) => void;

const load = () => import('./cluster.js');
const ROOT = [
  '--root <folder>',
  'where the root of the cluster is (~/.config/espalier/cluster-root)',
] as const;
const BROKER = [
  '--broker <url>',
  'where the broker is, as amqp://10.0.0.5:5672; other hosts learn it. Can be repeated',
] as const;

export function addClusterCommands(program: Command, finish: Finish): void {
  const cluster = program.command('cluster').description('join hosts to a cluster, and look at it');
  const add = (name: string, description: string, example: string): Command => {
    return remoteOptions(cluster.command(name).description(description)).addHelpText(
      'after',
      `\nExample:\n  ${example.replaceAll('\n', '\n  ')}`,
    );
  };
  const run = async (
    what: string,
    options: RemoteOptions,
    work: (remote: Remote) => Promise<number | undefined>,
  ): Promise<void> => {
    finish(await withDaemon(what, options, work));
  };
  add('init', 'make the root of a new cluster, and this host its first', INIT)
    .option(...BROKER, brokers, [])
    .option('--login <file>', 'file in which stands how hosts log in at the broker: user:password')
    .option(...ROOT)
    .action((options: RemoteOptions & BrokerOptions & RootOptions & { readonly login?: string }) => {
      return run('cluster init', options, async (remote) => (await load()).initCluster(remote, options));
    });
  add('key', 'print the public key of this host, for its ticket', 'espalier cluster key').action(
    (options: RemoteOptions) =>
      run('cluster key', options, async (remote) => (await load()).clusterKey(remote)),
  );
  cluster
    .command('ticket')
    .description('where the root is: make the ticket by which a host joins')
    .argument('<key>', 'as `espalier cluster key` prints it there')
    .option(...ROOT)
    .option('--json', 'JSON in place of text for people', false)
    .addHelpText('after', '\nExample:\n  espalier cluster ticket "$KEY" | ssh beta espalier cluster join')
    .action((key: string, options: RootOptions & { readonly json: boolean }) => {
      return run('cluster ticket', options, async () => {
        return (await load()).makeTicket({ terminal: new Terminal(options.json) }, key, options);
      });
    });
  cluster
    .command('revoke')
    .description(
      'where the root is: make the list of hosts that belong to the cluster no more, with these added',
    )
    .argument('<host...>', 'ids of hosts, as `espalier cluster status` has them')
    .option(...ROOT)
    .option('--json', 'JSON in place of text for people', false)
    .addHelpText('after', '\nExample:\n  espalier cluster revoke "$HOST" | espalier cluster follow')
    .action((hosts: readonly string[], options: RootOptions & { readonly json: boolean }) => {
      return run('cluster revoke', options, async () => {
        return (await load()).revoke({ terminal: new Terminal(options.json) }, hosts, options);
      });
    });
  add(
    'follow',
    'shut out the hosts of a list that `revoke` has made, here and on all members',
    'espalier cluster follow < revoked',
  )
    .argument('[list]', 'read from standard input by default')
    .action((list: string | undefined, options: RemoteOptions) => {
      return run('cluster follow', options, async (remote) => (await load()).followRevocations(remote, list));
    });
  add('join', 'make this host a member of a cluster', 'espalier cluster join < ticket')
    .argument('[ticket]', 'read from standard input by default')
    .option(...BROKER, brokers, [])
    .action((ticket: string | undefined, options: RemoteOptions & BrokerOptions) => {
      return run('cluster join', options, async (remote) =>
        (await load()).joinCluster(remote, ticket, options),
      );
    });
  add('leave', 'make this host a member of no cluster; its key stays', 'espalier cluster leave').action(
    (options: RemoteOptions) =>
      run('cluster leave', options, async (remote) => (await load()).leaveCluster(remote)),
  );
  add(
    'status',
    'say of which cluster this host is, and what it knows of others',
    'espalier cluster status',
  ).action((options: RemoteOptions) =>
    run('cluster status', options, async (remote) => (await load()).clusterStatus(remote)),
  );
}

const INIT = `espalier cluster init --broker amqp://10.0.0.5:5672 --login login.txt
espalier cluster init --root /media/stick/root --broker amqps://broker.example`;

function brokers(text: string, before: readonly string[]): readonly string[] {
  if (/^amqps?:\/\/[^@/]+$/.test(text) && URL.canParse(text)) return [...before, text];
  throw new InvalidArgumentError('Write it as amqp://10.0.0.5:5672, with neither user nor password.');
}
