/**
 * What the root process does for its driver of administration, and for nobody else: the operations on the host
 * of the tree. Whoever was handed the address of the root's mailbox may ask; that is one driver, in a tree of
 * ours with a kernel of its own, to which no link leads from the tree that is administered.
 *
 * It has no format, no file and no socket: arguments and answers are plain values.
 */
import { CallError, EspalierError, SupervisionError, type ReceivedCall } from '@espalier/core';
import type { ChildInfo, ChildSpecInput, ExtraArguments, NormalisedNode } from '@espalier/supervisor';
import { jsonValue, problemOf, type NodeLimits, type Problem } from '@espalier/supervisor/client';
import { REPORT, type BridgeReport } from '../cluster/bridge-report.js';
import { answerAfter } from '../journal-calls.js';
import type { Journal } from '../journal.js';
import type { KeptEvent } from './event-entry.js';
import type { ApplyOrder, LimitsOrder, TreeKeeper } from './tree-keeper.js';
import { bridgePath, isBridgePath } from './with-bridge.js';

/** It answers at once, unless it is ending. */
const BRIDGE_MS = 2000;

export interface Shown {
  readonly child: ChildInfo | null;
  readonly spec: NormalisedNode | null;
  readonly statistics: Readonly<Record<string, number>> | null;
  readonly limits: NodeLimits | null;
}

export type Answer<T = unknown> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export type Operations = ReturnType<typeof operationsOn>;

export interface AdministrationOptions {
  readonly keeper: TreeKeeper;
  readonly events: Journal<KeptEvent>;
  readonly onDefect: (error: unknown) => void;
}

/** Answers each call, now or later. */
export function administration({
  keeper,
  events,
  onDefect,
}: AdministrationOptions): (call: ReceivedCall) => void {
  const operations = operationsOn(keeper);
  const carryOut = async (operation: string, parameters: readonly unknown[]): Promise<Answer> => {
    try {
      const run = (operations as Readonly<Record<string, Run>>)[operation];
      if (run === undefined || !Object.hasOwn(operations, operation)) throw notThere(operation);
      return { ok: true, value: await run(...parameters) };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'daemon_fault') onDefect(error);
      return { ok: false, problem };
    }
  };
  return (call) => {
    if (call.operation === 'eventsAfter') {
      answerAfter(events, call, call.arguments[0] as number);
      return;
    }
    void carryOut(call.operation, call.arguments).then((answer) => {
      const refused = call.tryReply(answer);
      if (refused !== undefined) call.reply({ ok: false, problem: problemOf(refused) } satisfies Answer);
    });
  };
}

type Run = (...parameters: readonly unknown[]) => unknown;

export function operationsOn(keeper: TreeKeeper) {
  return {
    state: () => keeper.state,
    bridge: () => reportOfBridge(keeper),
    renewBridge: () => renewBridge(keeper),
    settled: () => keeper.settled(),
    apply: (order: ApplyOrder) => keeper.apply(order),
    limits: (order: LimitsOrder) => keeper.setLimits(order),
    tree: () => keeper.host.tree(),
    usage: (path: string | null) => keeper.host.usage(path ?? undefined),
    show: (path: string) => show(keeper, path),
    start: async (path: string): Promise<void> => {
      await keeper.host.restartChild(path);
    },
    stop: (path: string) => keeper.host.terminateChild(path),
    restart: (path: string) => restart(keeper, path),
    suspend: (path: string) => keeper.host.suspend(path),
    resume: (path: string) => keeper.host.resume(path),
    kill: (path: string) => keeper.host.kill(path),
    spawn: async (path: string, child: ChildSpecInput | ExtraArguments) => {
      return (await keeper.host.startChild(path, keeper.childFor(child)))?.path ?? null;
    },
    call: async (path: string, operation: string, parameters: readonly unknown[], timeoutMs: number) => {
      const { host } = keeper;
      if (operation === REPORT && isBridgePath(path)) throw notForOthers(path);
      const value = await host.call(await host.address(path), operation, parameters, { timeoutMs });
      return jsonValue(value, { exact: true });
    },
    send: async (path: string, value: unknown): Promise<void> => {
      const { host } = keeper;
      await host.send(await host.address(path), value);
    },
  };
}

/** `absent`: there is none in the tree. `starting`: it does not answer as a member, for now or for good. */
async function reportOfBridge(keeper: TreeKeeper): Promise<BridgeReport | 'absent' | 'starting'> {
  const { tree, state } = keeper.state;
  const path = bridgePath(tree ?? '');
  try {
    if (state !== 'running' || (await listed(keeper.host, path)) === undefined) return 'absent';
    const bridge = await keeper.host.address(path);
    const report = await keeper.host.call(bridge, REPORT, [], { timeoutMs: BRIDGE_MS });
    return (report as BridgeReport | null) ?? 'starting';
  } catch (error) {
    if (error instanceof EspalierError) return 'starting';
    throw error;
  }
}

/** It looks at its membership when it starts. */
async function renewBridge(keeper: TreeKeeper): Promise<void> {
  const { tree, state } = keeper.state;
  const path = bridgePath(tree ?? '');
  if (state === 'running' && (await listed(keeper.host, path)) !== undefined) await restart(keeper, path);
}

async function show(keeper: TreeKeeper, path: string): Promise<Shown> {
  const { host } = keeper;
  const child = await listed(host, path);
  const runs = child?.kind !== 'supervisor' && child?.state === 'running';
  return {
    child: child ?? null,
    spec: child === undefined ? null : await host.getChildSpec(path),
    statistics: runs ? { ...(await host.statistics(path)) } : null,
    limits: keeper.limitsOf(path),
  };
}

/** As its supervisor lists it; nothing for the root, and for what an environment has spawned. */
async function listed(host: TreeKeeper['host'], path: string): Promise<ChildInfo | undefined> {
  const at = path.lastIndexOf('/');
  if (at < 1) return undefined;
  try {
    return (await host.whichChildren(path.slice(0, at))).find((child) => child.path === path);
  } catch (error) {
    if (error instanceof CallError && error.code === 'noproc') return undefined;
    throw error;
  }
}

/** Two steps: in between the child is one that was stopped. What could not be started again is not stopped. */
async function restart({ host }: TreeKeeper, path: string): Promise<void> {
  const child = await listed(host, path);
  const gone = child?.restart === 'temporary' || child?.id === null;
  if (child !== undefined && gone) {
    throw new CallError('operation_refused', `'${path}' is forgotten when it is stopped`, {
      field: 'path',
      value: path,
      remedy: 'Stop it, and spawn another one.',
    });
  }
  await host.terminateChild(path);
  await host.restartChild(path);
}

/** As the bridge itself says it of what it does not know. Who may see the cluster asks the daemon for it. */
function notForOthers(path: string): CallError {
  return new CallError(
    'no_such_operation',
    `the bridge at '${path}' has no operation '${REPORT}' for others`,
    {
      field: 'operation',
      value: REPORT,
      remedy: 'Ask for the status of the cluster.',
    },
  );
}

function notThere(operation: string): SupervisionError {
  return new SupervisionError('bad_argument', `the root has no operation '${operation}'`);
}
