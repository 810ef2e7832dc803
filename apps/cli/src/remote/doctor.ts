/** `espalier doctor`: what this machine offers for walls, what is missing and how to get it, and whether a daemon is there. */
import { EspalierError } from '@espalier/core';
import { probeMachine, WALLS } from '@espalier/core/internal/host.js';
import type { ClusterStatus } from '@espalier/supervisor/client';
import { problemLines, statusLines } from './cluster.js';
import type { Remote } from './command.js';

type Machine = Awaited<ReturnType<typeof probeMachine>>;
type WallName = keyof typeof WALLS;

export async function doctor({ client, terminal, place }: Remote): Promise<undefined> {
  const ifThere = (error: unknown): undefined => {
    if (error instanceof EspalierError) return undefined;
    throw error;
  };
  const [machine, daemon, cluster] = await Promise.all([
    terminal.during('trying this machine out', probeMachine({ files: [process.execPath] })),
    client.status().catch(ifThere),
    client.cluster().catch(ifThere),
  ]);
  const node = process.version;
  const facts = { node, place, daemon: daemon ?? null, cluster: cluster ?? null, walls: machine.walls };
  terminal.tell(facts, () => [
    `node       ${node}`,
    daemon === undefined
      ? `daemon     ${terminal.paint('yellow', 'none')} in ${place}. Start \`espalierd\`, or give --folder.`
      : `daemon     ${daemon.version}, ${daemon.tree ?? 'no tree'}: ${daemon.state}, in ${place}`,
    ...(cluster === undefined ? [] : clusterLines(cluster)),
    'walls of cells (`walls: { required: [...] }` in a spec):',
    ...wallLines(machine, terminal.paint),
  ]);
}

/** What keeps names of other hosts from being found, and what to do. */
function clusterLines(cluster: ClusterStatus): readonly string[] {
  const { bridge, brokers, hosts } = cluster;
  if (bridge === 'off')
    return ['cluster    none. To join one: `espalier cluster init`, or `join` with a ticket.'];
  const [first = '', ...more] = statusLines(cluster);
  const missing =
    bridge === 'absent'
      ? ['Apply a spec with `cluster: { exports, imports }`.']
      : brokers.length === 0
        ? ['No host has said where the broker is. Leave, and join with `--broker amqp://<address>:5672`.']
        : bridge === 'connecting'
          ? [
              'The broker does not answer, or refuses the login of the ticket: `espalier logs` of the bridge, and of RabbitMQ.',
            ]
          : hosts.length === 1
            ? ['No other host is heard. Let UDP port 5353 through the firewall of both.']
            : [];
  return [
    `cluster    ${first}`,
    ...[...more, ...missing, ...problemLines(cluster)].map((line) => `           ${line}`),
  ];
}

function wallLines({ walls }: Machine, paint: Remote['terminal']['paint']): readonly string[] {
  return (Object.keys(WALLS) as WallName[]).flatMap((name) => {
    const { available, why, remedy } = walls[name];
    const mark = available ? paint('green', 'yes') : paint('yellow', 'no ');
    const line = `  ${mark}  ${name.padEnd(11)}  ${WALLS[name]}`;
    return available ? [line] : [line, `         ${why}${remedy === undefined ? '' : `. ${remedy}`}`];
  });
}
