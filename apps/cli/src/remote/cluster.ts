/** Commands on the cluster that the daemon's host belongs to; those that need the key of its root are in root-key.ts. */
import { text as textOf } from 'node:stream/consumers';
import { CallError } from '@espalier/core';
import type { ClusterHost, ClusterName, ClusterStatus, OwnName } from '@espalier/supervisor/client';
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

/** The list is no secret. */
export async function revoke(
  { terminal }: Pick<Remote, 'terminal'>,
  hosts: readonly string[],
  options: RootOptions,
): Promise<undefined> {
  const list = openRoot(options).revoke(hosts);
  terminal.tell({ list }, () => [list]);
  terminal.note(
    'espalier: give it to one member by `espalier cluster follow`: the others have it from there.',
  );
}

/** Without a list it is read from standard input. */
export async function followRevocations(
  { client, terminal }: Remote,
  given: string | undefined,
): Promise<undefined> {
  const list = given ?? (await textOf(process.stdin));
  const found = await client.followRevocations({ list: list.trim() });
  terminal.tell(found, () => statusLines(found));
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

/** Code 1 if the host is a member and has no connection, or is revoked. */
export async function clusterStatus({ client, terminal }: Remote): Promise<number> {
  const found = await client.cluster();
  terminal.tell(found, () => [
    ...statusLines(found),
    ...found.hosts.map(hostLine),
    ...revocationLines(found),
    ...lossLines(found),
    ...remedies(found),
  ]);
  const isRevoked = found.problems.some(({ code }) => code === 'key_revoked');
  return (found.bridge === 'off' || found.bridge === 'connected') && !isRevoked ? 0 : 1;
}

export async function names({ client, terminal }: Remote): Promise<undefined> {
  const found = await client.cluster().catch(ofAPart);
  if (found === undefined) {
    const own = await client.ownNames();
    terminal.tell(own, () => (own.names.length === 0 ? [NO_NAMES] : own.names.map(ownNameLine).sort()));
    return;
  }
  terminal.tell({ names: found.names }, () => {
    if (found.names.length === 0 && found.cluster !== null) return [NO_NAMES];
    return found.names.map(nameLine).sort();
  });
  tellRemedies(terminal, found);
}

const NO_NAMES = 'nobody offers a name';

/** To who sees a part of the tree the cluster is not there. */
function ofAPart(error: unknown): undefined {
  if (error instanceof CallError && error.code === 'request_malformed') return undefined;
  throw error;
}

function ownNameLine({ name, namespace, here, elsewhere }: OwnName): string {
  const where = [...(here ? ['here'] : []), ...(elsewhere ? ['on another host'] : [])];
  return `${name} (${namespace})  ${where.join(', ')}`;
}

/** What each of the other hosts offers. */
export async function offersOfOthers({ client, terminal }: Remote): Promise<readonly Offers[]> {
  const found = await client.cluster();
  const { hosts, names: held } = found;
  tellRemedies(terminal, found);
  const isAt = (host: string) => (name: ClusterName) => name.holders.some((holder) => holder.host === host);
  return hosts
    .filter(({ isSelf }) => !isSelf)
    .map(({ host }) => ({ host, names: held.filter(isAt(host)).map(nameText) }));
}

export interface Offers {
  readonly host: string;
  readonly names: readonly string[];
}

const BRIDGE: Readonly<Record<ClusterStatus['bridge'], string>> = {
  off: 'no bridge',
  absent: 'no bridge',
  starting: 'the bridge is being started',
  connecting: 'the bridge has no connection to the broker',
  connected: 'the bridge is connected to the broker',
};

export function statusLines({ host, publicKey, cluster, bridge, brokers }: ClusterStatus): readonly string[] {
  if (cluster === null) return [`host ${host}: a member of no cluster`, `its public key: ${publicKey}`];
  const where = brokers.length === 0 ? 'it knows of no broker' : `broker ${brokers.join(', ')}`;
  return [`host ${host} of the cluster ${cluster}`, `${BRIDGE[bridge]}; ${where}`];
}

function hostLine({ host, isSelf, names: count }: ClusterHost): string {
  return `  ${host}  ${count} ${count === 1 ? 'name' : 'names'}${isSelf ? '  (this host)' : ''}`;
}

/** Nothing where none is followed, and none was refused. */
export function revocationLines({ revocations }: Pick<ClusterStatus, 'revocations'>): readonly string[] {
  if (revocations === null) return [];
  const { number, refused } = revocations;
  const questions = `${refused} ${refused === 1 ? 'question' : 'questions'} for a newer one refused`;
  const told = [number > 0 ? `number ${number} is followed` : '', refused > 0 ? questions : ''].filter(
    Boolean,
  );
  return told.length === 0 ? [] : [`list of revoked hosts: ${told.join('; ')}`];
}

/** Nothing where nothing is lost. */
export function lossLines({ lost }: Pick<ClusterStatus, 'lost'>): readonly string[] {
  if (lost === null) return [];
  const counts: readonly (readonly [number, string])[] = [
    [lost.undelivered, 'undelivered'],
    [lost.missing, 'missing'],
    ...Object.entries(lost.dropped).map(([why, count]) => [count, `dropped (${why})`] as const),
  ];
  const told = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? [] : [`lost since the bridge was started: ${told.join(', ')}`];
}

/** With the namespace whose it is, unless that is the tree's own. */
export function nameText({ name, namespace }: Pick<ClusterName, 'name' | 'namespace'>): string {
  if (namespace === null) return name;
  return `${name} (${namespace.path ?? `namespace ${namespace.id}`})`;
}

function nameLine(name: ClusterName): string {
  const { holders } = name;
  return `${nameText(name)}  ${holders.map(({ host, isSelf }) => `${host}${isSelf ? ' (this host)' : ''}`).join(', ')}`;
}

/** What keeps names of other hosts from being reached, each with what to do, on a line of its own. */
export function remedies({ cluster, bridge, brokers, hosts, problems }: ClusterStatus): readonly string[] {
  if (cluster === null)
    return [
      'The host is a member of no cluster. Make one (`espalier cluster init`), or `join` with a ticket.',
    ];
  if (bridge === 'absent')
    return ['No tree with `cluster` runs here. Apply a spec with `cluster: { exports, imports }`.'];
  if (bridge === 'starting')
    return [
      'The bridge does not answer yet. If that lasts, see `espalier events` and `espalier logs` for why.',
    ];
  const told = problems.map(({ message, remedy }) => `${sentence(message)}. ${remedy}`);
  const [silence, connecting] = [hosts.length < 2, bridge === 'connecting'];
  return [
    ...(brokers.length > 0 || !connecting
      ? []
      : [
          'No host has said where the broker is. Leave, and join with `--broker amqp://<address>:5672`; ' +
            'or start a host that was told.',
        ]),
    ...(connecting && brokers.length > 0 && told.length === 0
      ? ['There is no connection to the broker yet. If that lasts, see `espalier logs` for why.']
      : []),
    ...told,
    ...(silence && told.length === 0
      ? ['No other host is heard. Start one; between two, UDP port 5353 must get through the firewalls.']
      : []),
  ];
}

/** Beside what was asked for: an empty answer has a reason. */
function tellRemedies(terminal: Remote['terminal'], found: ClusterStatus): void {
  if (found.bridge !== 'connected') for (const line of remedies(found)) terminal.note(`espalier: ${line}`);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
