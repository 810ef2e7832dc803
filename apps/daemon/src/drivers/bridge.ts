/**
 * The driver of the cluster, in a cell of its own in the tree: it finds the hosts of the cluster on the link, and carries
 * messages between their trees and this one. Where the host is no member it holds its place, and does nothing.
 */
import { environment, type Context, type ReceivedCall } from '@espalier/core';
import { startDiscovery, type Discovery, type Problem } from '@espalier/discovery';
import type { BridgeEvent, BridgeTerms } from '@espalier/mq-bridge';
import { completeTerms, readAccess, RevocationFile, runBridge } from '@espalier/mq-bridge/driver';
import type { BridgeReport } from '../cluster/bridge-report.js';
import { readMember } from '../state/cluster-folder.js';

interface Arguments {
  /** The one with key and ticket. */
  readonly folder: string;
  readonly terms: BridgeTerms;
}

export default environment(async (context: Context, { folder, terms }: Arguments) => {
  const settings = completeTerms(terms);
  const member = readMember(folder);
  if (member === undefined) {
    await waitForEnd(context);
    return;
  }
  const { membership, brokers, revoked } = member;
  const discovery = startDiscovery({
    membership,
    endpoints: brokers,
    // The responder of the system would take a package that is nowhere near this file.
    backend: 'javascript',
    onProblem: ({ code, message, remedy }) => say(`discovery: ${code} ${message}. ${remedy}`),
  });
  const urls = (): readonly string[] => discovery.brokers().filter((address) => /^amqps?:/.test(address));
  let connection: BridgeReport['connection'] = 'connecting';
  const onEvent = ({ kind }: BridgeEvent): void => {
    if (kind === 'connected') connection = 'connected';
    if (kind === 'disconnected') connection = 'connecting';
  };
  await runBridge(context, {
    settings,
    membership,
    ...(revoked === undefined ? {} : { revocations: new RevocationFile(revoked, membership.root) }),
    access: readAccess(urls, {}, membership),
    directory: discovery,
    onEvent,
    answer: (call) => answered(call, () => ({ ...reportOf(discovery), connection })),
  });
  await discovery.close();
});

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
  if (call.operation !== 'report') return false;
  call.reply(report());
  return true;
}

function reportOf(discovery: Discovery): Omit<BridgeReport, 'connection'> {
  return {
    brokers: [...discovery.brokers()],
    hosts: discovery.hosts().map(({ host, endpoints, names }) => ({ host, brokers: [...endpoints], names })),
    names: discovery.names().map(({ name, holders }) => {
      return {
        name,
        holders: holders.map(({ host, holding, incarnation }) => ({ host, holding, incarnation })),
      };
    }),
    problems: discovery.status().problems.map(toldProblem),
  };
}

function toldProblem({ code, message, remedy }: Problem): BridgeReport['problems'][number] {
  return { code, message, remedy };
}

/** To the tree's output, with the path of this environment. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
