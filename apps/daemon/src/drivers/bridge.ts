/**
 * The driver of the cluster, in a cell of its own in the tree: it finds the hosts of the cluster on the link, and carries
 * messages between their trees and this one. Where the host is no member it holds its place, and does nothing.
 */
import { environment, type Context, type ReceivedCall } from '@espalier/core';
import { startDiscovery, type Discovery, type Problem } from '@espalier/discovery';
import { namespaceId, namespaceOf } from '@espalier/core/identity';
import type { BridgeEvent, BridgeTerms } from '@espalier/mq-bridge';
import {
  completeTerms,
  HostExchange,
  readAccess,
  RevocationFile,
  startBridge,
} from '@espalier/mq-bridge/driver';
import { termsOfAll, type BridgeNamespace } from '../cluster/bridge-namespace.js';
import { REPORT, type BridgeReport } from '../cluster/bridge-report.js';
import { KnownBrokers } from '../cluster/known-brokers.js';
import { writeOver } from '../state/atomic-file.js';
import { readMember } from '../state/cluster-folder.js';

interface Arguments {
  /** The one with key and ticket. */
  readonly folder: string;
  /** No name goes over the link. */
  readonly hidden: boolean;
  /** Of the tree's own namespace. */
  readonly terms: BridgeTerms;
  /** Those below the root. */
  readonly namespaces: readonly BridgeNamespace[];
}

export default environment({
  init: (context: Context, args: Arguments) => startHere(context, args),
  run: (_context, _args, { over }) => over,
});

/** Resolves when the names can be sent to that can be without others; `over` when it was asked to end, and has. */
async function startHere(
  context: Context,
  { folder, hidden, terms, namespaces }: Arguments,
): Promise<{ readonly over: Promise<void> }> {
  const member = readMember(folder);
  if (member === undefined) return { over: waitForEnd(context) };
  const { membership, brokers: endpoints, revoked, told, heard } = member;
  const { root } = membership;
  const settings = completeTerms(termsOfAll(terms, namespaces, root));
  const paths = new Map(namespaces.map(({ path }) => [namespaceId(root, path), path]));
  const revocations = new RevocationFile(revoked, root, { mayCome: true, told });
  let kept = Promise.resolve();
  const exchange = new HostExchange();
  const discovery = startDiscovery({
    membership,
    exchange,
    endpoints,
    ...(hidden ? { linkNames: 0 } : {}),
    // The responder of the system would take a package that is nowhere near this file.
    backend: 'javascript',
    onProblem: ({ code, message, remedy }) => say(`discovery: ${code} ${message}. ${remedy}`),
    onRevocations: (list) => {
      revocations.take(list);
      // For the next start. In a file of its own: the daemon writes the other, and neither knows what the other is about to.
      kept = kept.then(() => writeOver(told, list)).catch((error: unknown) => say(notKept(error)));
    },
  });
  const known = new KnownBrokers(heard);
  const brokers = (): readonly string[] => known.with(discovery.brokers());
  const urls = (): readonly string[] => brokers().filter((address) => /^amqps?:/.test(address));
  let connection: BridgeReport['connection'] = 'connecting';
  let hindrance: BridgeReport['problems'] = [];
  const onEvent = (event: BridgeEvent): void => {
    if (event.kind === 'connected') [connection, hindrance] = ['connected', []];
    if (event.kind === 'disconnected') connection = 'connecting';
    if (event.kind === 'unreachable')
      hindrance = [{ code: 'broker_unreachable', message: event.why, remedy: event.remedy }];
  };
  return startBridge(context, {
    settings,
    membership,
    revocations,
    // The first one before anything was heard.
    onRevocations: (list) => discovery.revoke(list),
    access: readAccess(urls, {}, membership),
    directory: discovery,
    exchange,
    onEvent,
    answer: (call, lost) =>
      answered(call, () => ({
        ...reportOf(discovery, hindrance, paths),
        brokers: brokers(),
        connection,
        lost,
      })),
  });
}

async function waitForEnd(context: Context): Promise<void> {
  context.trapExits(true);
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call' && !answered(item, () => null))
      item.fail('no_such_operation', 'the host is a member of no cluster');
    if (item.type === 'exit' && item.from === undefined) return;
  }
}

/** What the daemon asks; null: the host is no member. */
function answered(call: ReceivedCall, report: () => BridgeReport | null): boolean {
  if (call.operation !== REPORT) return false;
  call.reply(report());
  return true;
}

function reportOf(
  discovery: Discovery,
  hindrance: BridgeReport['problems'],
  paths: ReadonlyMap<string, string>,
): Omit<BridgeReport, 'connection' | 'brokers' | 'lost'> {
  const { problems, revocations } = discovery.status();
  return {
    hosts: discovery.hosts().map(({ host, endpoints, names }) => ({ host, brokers: [...endpoints], names })),
    names: discovery.names().map(({ name: published, holders }) => {
      return {
        ...nameOf(published, paths),
        holders: holders.map(({ host, holding, incarnation }) => ({ host, holding, incarnation })),
      };
    }),
    revocations,
    problems: [...hindrance, ...problems.map(toldProblem)],
  };
}

function nameOf(
  published: string,
  paths: ReadonlyMap<string, string>,
): Pick<BridgeReport['names'][number], 'name' | 'namespace'> {
  const found = namespaceOf(published);
  if (found === undefined) return { name: published, namespace: null };
  const { id, name } = found;
  return { name, namespace: { id, path: paths.get(id) ?? null } };
}

function toldProblem({ code, message, remedy }: Problem): BridgeReport['problems'][number] {
  return { code, message, remedy };
}

function notKept(error: unknown): string {
  return `discovery: the newer list of revoked hosts cannot be kept: ${(error as Error).message}`;
}

/** To the tree's output, with the path of this environment. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
