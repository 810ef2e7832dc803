/**
 * `espalier doctor`: what this machine offers for walls and for finding other hosts, what is missing and how to get it, and
 * whether a daemon is there.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { EspalierError } from '@espalier/core';
import { probeMachine, WALLS } from '@espalier/core/internal/host.js';
import { tryDiscovery, type DiscoveryTrial } from '@espalier/discovery';
import type { ClusterStatus } from '@espalier/supervisor/client';
import { remedies, statusLines } from './cluster.js';
import type { Remote } from './command.js';

type Machine = Awaited<ReturnType<typeof probeMachine>>;
type WallName = keyof typeof WALLS;

export async function doctor({ client, terminal, place }: Remote): Promise<undefined> {
  const ifThere = (error: unknown): undefined => {
    if (error instanceof EspalierError) return undefined;
    throw error;
  };
  const [[machine, trial], daemon, cluster] = await Promise.all([
    terminal.during(
      'trying this machine out',
      Promise.all([probeMachine({ files: [process.execPath] }), tryDiscovery({ pause })]),
    ),
    client.status().catch(ifThere),
    client.cluster().catch(ifThere),
  ]);
  const node = process.version;
  const { walls } = machine;
  // The one that a daemon takes, whatever else there is.
  const discovery = { backend: 'javascript', ...trial };
  const facts = { node, place, daemon: daemon ?? null, cluster: cluster ?? null, discovery, walls };
  terminal.tell(facts, () => [
    `node       ${node}`,
    daemon === undefined
      ? `daemon     ${terminal.paint('yellow', 'none')} in ${place}. Start \`espalierd\`, or give --folder.`
      : `daemon     ${daemon.version}, ${daemon.tree ?? 'no tree'}: ${daemon.state}, in ${place}`,
    ...(cluster === undefined ? [] : clusterLines(cluster)),
    ...discoveryLines(discovery, terminal.paint),
    'walls of cells (`walls: { required: [...] }` in a spec):',
    ...wallLines(machine, terminal.paint),
  ]);
}

function clusterLines(cluster: ClusterStatus): readonly string[] {
  const [first = '', ...more] = cluster.cluster === null ? ['none'] : statusLines(cluster);
  return [`cluster    ${first}`, ...indented([...more, ...remedies(cluster)])];
}

/** What a daemon here would find other hosts by. */
function discoveryLines(
  { links, problems }: DiscoveryTrial,
  paint: Remote['terminal']['paint'],
): readonly string[] {
  const heard = links.filter(({ hearing }) => hearing === 'heard').map(({ id }) => id);
  const first =
    heard.length === 0
      ? `${paint('yellow', 'deaf')}: other hosts are not found, but reached if each is told \`--broker\``
      : `the JavaScript backend hears itself over ${heard.join(', ')}`;
  return [`discovery  ${first}`, ...indented(problems.map(({ message, remedy }) => `${message}. ${remedy}`))];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `           ${line}`);
}

function wallLines({ walls }: Machine, paint: Remote['terminal']['paint']): readonly string[] {
  return (Object.keys(WALLS) as WallName[]).flatMap((name) => {
    const { available, why, remedy } = walls[name];
    const mark = available ? paint('green', 'yes') : paint('yellow', 'no ');
    const line = `  ${mark}  ${name.padEnd(11)}  ${WALLS[name]}`;
    return available ? [line] : [line, `         ${why}${remedy === undefined ? '' : `. ${remedy}`}`];
  });
}
