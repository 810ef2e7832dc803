/** Commands on the cluster that the daemon's host belongs to; those that need the key of its root are in root-key.ts. */
import { text as textOf } from 'node:stream/consumers';
import type { ClusterHost, ClusterName, ClusterStatus } from '@espalier/supervisor/client';
import type { Remote } from './command.js';
import { makeRoot, openRoot, type NewRoot } from './root-key.js';

export interface BrokerOptions {
  readonly broker: readonly string[];
}

export interface RootOptions {
  readonly root?: string;
}

export async function initCluster(
  { client, terminal }: Remote,
  options: BrokerOptions & RootOptions & NewRoot,
): Promise<undefined> {
  // Asked first: a root that was made for nothing would stand in the way of the next try.
  const { publicKey, cluster } = await client.cluster();
  const root = makeRoot(options, cluster);
  const joined = await client.joinCluster({
    ticket: root.ticketFor(publicKey),
    brokers: [...options.broker],
  });
  terminal.tell(joined, () => statusLines(joined));
  terminal.note(
    `espalier: the key of the cluster’s root is in ${root.folder}. Keep it where only you can read it, and a copy elsewhere.`,
  );
}

/** It is a secret if it has a login; it alone goes to standard output. */
export async function makeTicket(
  { terminal }: Pick<Remote, 'terminal'>,
  publicKey: string,
  options: RootOptions,
): Promise<undefined> {
  const ticket = openRoot(options).ticketFor(publicKey);
  terminal.tell({ ticket }, () => [ticket]);
  terminal.note(
    'espalier: it tells how to log in at the broker: hand it over as a secret. It is told only here.',
  );
}

export async function clusterKey({ client, terminal }: Remote): Promise<undefined> {
  const { publicKey } = await client.cluster();
  terminal.tell({ publicKey }, () => [publicKey]);
}

/** Without a ticket it is read from standard input, where no list of processes shows it. */
export async function joinCluster(
  { client, terminal }: Remote,
  given: string | undefined,
  { broker }: BrokerOptions,
): Promise<undefined> {
  const ticket = given ?? (await textOf(process.stdin));
  const joined = await client.joinCluster({ ticket: ticket.trim(), brokers: [...broker] });
  terminal.tell(joined, () => statusLines(joined));
}

export async function leaveCluster({ client, terminal }: Remote): Promise<undefined> {
  const left = await client.leaveCluster();
  terminal.tell(left, () => statusLines(left));
}

/** Code 1 if the host is a member and has no connection. */
export async function clusterStatus({ client, terminal }: Remote): Promise<number> {
  const found = await client.cluster();
  terminal.tell(found, () => [...statusLines(found), ...found.hosts.map(hostLine), ...problemLines(found)]);
  return found.bridge === 'off' || found.bridge === 'connected' ? 0 : 1;
}

export async function names({ client, terminal }: Remote): Promise<undefined> {
  const found = await client.cluster();
  terminal.tell({ names: found.names }, () => {
    if (found.names.length > 0) return found.names.map(nameLine);
    return [found.cluster === null ? 'the host is a member of no cluster' : 'nobody offers a name'];
  });
}

/** What each of the other hosts offers. */
export async function offersOfOthers({ client }: Pick<Remote, 'client'>): Promise<readonly Offers[]> {
  const { hosts, names: held } = await client.cluster();
  const isAt = (host: string) => (name: ClusterName) => name.holders.some((holder) => holder.host === host);
  return hosts
    .filter(({ isSelf }) => !isSelf)
    .map(({ host }) => ({ host, names: held.filter(isAt(host)).map(({ name }) => name) }));
}

export interface Offers {
  readonly host: string;
  readonly names: readonly string[];
}

const BRIDGE: Readonly<Record<ClusterStatus['bridge'], string>> = {
  off: 'no bridge',
  absent: 'no bridge: no tree with `cluster` runs here',
  connecting: 'the bridge has no connection to the broker',
  connected: 'the bridge is connected to the broker',
};

export function statusLines({ host, publicKey, cluster, bridge, brokers }: ClusterStatus): readonly string[] {
  if (cluster === null) return [`host ${host}: a member of no cluster`, `its public key: ${publicKey}`];
  const where =
    brokers.length === 0 ? 'the address of the broker is not known' : `broker ${brokers.join(', ')}`;
  return [`host ${host} of the cluster ${cluster}`, `${BRIDGE[bridge]}; ${where}`];
}

function hostLine({ host, isSelf, names: count }: ClusterHost): string {
  return `  ${host}  ${count} ${count === 1 ? 'name' : 'names'}${isSelf ? '  (this host)' : ''}`;
}

function nameLine({ name, holders }: ClusterName): string {
  return `${name}  ${holders.map(({ host, isSelf }) => `${host}${isSelf ? ' (this host)' : ''}`).join(', ')}`;
}

export function problemLines({ problems }: ClusterStatus): readonly string[] {
  return problems.map(({ message, remedy }) => `${message}. ${remedy}`);
}
