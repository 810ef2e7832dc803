/** What each operation of the API does. Asks of HTTP nothing but its parameters; answers documents of the contract. */
import { CallError, HostError } from '@espalier/core';
import type {
  ApplyOutcome,
  ApplyRequest,
  CallRequest,
  CallResult,
  DaemonStatus,
  EventEntry,
  Health,
  History as HistoryDocument,
  LimitsOutcome,
  LogLine,
  Node,
  NodeDetails,
  NodeLimits,
  NodeUse,
  Revision,
  RevisionWithText,
  RollbackRequest,
  Spawned,
  SpawnRequest,
  Tree,
  TreeNode,
  Usage,
} from '@espalier/supervisor/client';
import type { ChildSpecInput, NodeUsage } from '@espalier/supervisor';
import type { Logs } from '../drivers/logs-client.js';
import type { Root } from '../drivers/root.js';
import type { Journal } from '../journal.js';
import type { Applies } from '../state/applies.js';
import type { KeptRevision, Revisions } from '../state/history.js';

export interface ApiParts {
  readonly root: Pick<Root, 'ask'>;
  readonly applies: Applies;
  readonly history: Revisions;
  readonly logs: Pick<Logs, 'read'>;
  readonly events: Journal<EventEntry>;
  readonly lines: Journal<LogLine>;
  readonly startedAtMs: number;
  readonly nowMs: () => number;
  readonly version: string;
}

type Verb = 'start' | 'stop' | 'restart' | 'suspend' | 'resume' | 'kill';

interface At {
  readonly path: string;
}

export class Api {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  get events(): Journal<EventEntry> {
    return this.#parts.events;
  }

  get lines(): Journal<LogLine> {
    return this.#parts.lines;
  }

  health(): Health {
    return { status: 'ok' };
  }

  async status(): Promise<DaemonStatus> {
    const { root, applies, history, startedAtMs, version } = this.#parts;
    const { state, tree, reason } = await root.ask('state');
    const why = applies.failure ?? reason;
    return {
      version,
      tree: tree ?? history.last?.tree ?? null,
      state: applies.starting ? 'starting' : applies.failure === undefined ? state : 'failed',
      revision: history.last?.revision ?? null,
      startedAt: new Date(startedAtMs).toISOString(),
      ...(why === null ? {} : { reason: why }),
    };
  }

  /** An empty daemon is as ready as it will be. @throws HostError `not_ready`. */
  async ready(): Promise<DaemonStatus> {
    const status = await this.status();
    if (status.state === 'running' || status.state === 'empty') return status;
    throw new HostError('not_ready', `the tree is ${status.state}: ${status.reason ?? 'not yet there'}`);
  }

  async tree(): Promise<Tree> {
    return { nodes: await this.#nodes() };
  }

  async show({ path }: At): Promise<NodeDetails> {
    const node = (await this.#nodes()).find((known) => known.path === path);
    const { child, spec, statistics, limits } = await this.#parts.root.ask('show', path);
    // One that does not run stands in no tree; its supervisor lists it.
    const known = node ?? (child === null ? undefined : stoppedNode(path, child));
    if (known === undefined) {
      const remedy = 'Ask `espalier tree` for the paths of those that are there.';
      throw new CallError('noproc', `there is nothing at '${path}'`, { field: 'path', value: path, remedy });
    }
    return {
      ...known,
      incarnation: child?.incarnation ?? null,
      spec: spec && shown(spec),
      statistics,
      limits,
    };
  }

  apply(body: ApplyRequest): Promise<ApplyOutcome> {
    return this.#parts.applies.apply(body);
  }

  rollback(body: RollbackRequest): Promise<ApplyOutcome> {
    return this.#parts.applies.rollback(body);
  }

  async history(): Promise<HistoryDocument> {
    return { revisions: (await this.#parts.history.all()).map(withoutText) };
  }

  async revision({ revision }: { readonly revision: number }): Promise<RevisionWithText> {
    const kept = await this.#parts.history.read(revision);
    return { ...withoutText(kept), text: kept.text };
  }

  async change(verb: Verb, { path }: At): Promise<Node> {
    await this.#parts.root.ask(verb, path);
    return { path };
  }

  limits({ path }: At, limits: NodeLimits): Promise<LimitsOutcome> {
    return this.#parts.applies.limits({ path, limits });
  }

  async usage(path: string | undefined): Promise<Usage> {
    const usage = await this.#parts.root.ask('usage', path ?? null);
    return { at: new Date(this.#parts.nowMs()).toISOString(), nodes: flatUse(usage, 0) };
  }

  async spawn({ path }: At, { child, args }: SpawnRequest): Promise<Spawned> {
    const given = child === undefined ? { args } : (child as unknown as ChildSpecInput);
    return { path: await this.#parts.root.ask('spawn', path, given) };
  }

  async call({ path }: At, body: CallRequest): Promise<CallResult> {
    const { operation, parameters = [], timeoutMs = 5000 } = body;
    const value = await this.#parts.root.ask('call', path, operation, parameters, timeoutMs);
    return value === undefined ? {} : { value };
  }

  async send({ path }: At, value: unknown): Promise<void> {
    await this.#parts.root.ask('send', path, value);
  }

  readLogs(path: string | null, after: number, lines: number): Promise<readonly LogLine[]> {
    return this.#parts.logs.read({ path, after, lines });
  }

  async #nodes(): Promise<TreeNode[]> {
    const top = await this.#parts.root.ask('tree');
    if (top === undefined) throw new HostError('tree_absent', 'there is no tree that runs');
    return flat(top, 0);
  }
}

interface Snapshot extends Omit<TreeNode, 'depth'> {
  readonly children: readonly Snapshot[];
}

function flat({ path, kind, state, children }: Snapshot, depth: number): TreeNode[] {
  return [{ path, depth, kind, state }, ...children.flatMap((child) => flat(child, depth + 1))];
}

function flatUse({ children, ...use }: NodeUsage, depth: number): NodeUse[] {
  const { path, kind, state, printed, restarts } = use;
  const node = {
    path,
    depth,
    kind,
    state,
    heapMb: use.heapMb ?? null,
    offHeapMb: use.offHeapMb ?? null,
    cpuMs: use.cpuMs ?? null,
    processMb: use.processMb ?? null,
    printed,
    mailbox: use.mailbox ?? null,
    received: use.received ?? null,
    pendingCalls: use.pendingCalls ?? null,
    restarts,
  };
  return [node, ...children.flatMap((child) => flatUse(child, depth + 1))];
}

function stoppedNode(
  path: string,
  { kind, state }: { readonly kind: string; readonly state: string },
): TreeNode {
  return {
    path,
    depth: path.split('/').length - 1,
    kind: kind === 'supervisor' ? 'supervisor' : 'environment',
    state,
  };
}

/** Neither what may be a secret nor what is shown by itself. */
function shown(spec: object): Record<string, unknown> {
  const untold = new Set(['args', 'bindings', 'env', 'children']);
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !untold.has(field)));
}

function withoutText(kept: KeptRevision): Revision {
  const { revision, at, tree, source, base, summary, rollbackTo, limits } = kept;
  return { revision, at, tree, source, base, summary, rollbackTo, limits };
}
