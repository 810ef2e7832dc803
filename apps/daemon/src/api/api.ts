/**
 * What each operation of the API does for one who asks: paths that he gives and gets are those of his view. Asks of
 * HTTP nothing but its parameters; answers documents of the contract.
 */
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
import type { LogQuery, Logs } from '../drivers/logs-client.js';
import type { Root } from '../drivers/root.js';
import type { View } from '../access/view.js';
import type { Journals, Source } from '../access/journals.js';
import type { LinesRead } from '../logs/line-files.js';
import type { Applies } from '../state/applies.js';
import type { KeptRevision, Revisions } from '../state/history.js';

export interface ApiParts {
  readonly root: Pick<Root, 'ask'>;
  readonly applies: Applies;
  readonly history: Revisions;
  readonly logs: Pick<Logs, 'read'>;
  readonly events: Journals<EventEntry>;
  readonly lines: Journals<LogLine>;
  readonly nowMs: () => number;
  readonly startedAtMs: number;
  readonly version: string;
}

type Verb = 'start' | 'stop' | 'restart' | 'suspend' | 'resume' | 'kill';

interface At {
  readonly path: string;
}

export class Api {
  readonly #parts: ApiParts;
  readonly #view: View;

  constructor(parts: ApiParts, view: View) {
    this.#parts = parts;
    this.#view = view;
  }

  get events(): Source<EventEntry> {
    return this.#parts.events.of(this.#view);
  }

  get lines(): Source<LogLine> {
    return this.#parts.lines.of(this.#view);
  }

  health(): Health {
    return { status: 'ok' };
  }

  async status(): Promise<DaemonStatus> {
    const { root, applies, history, startedAtMs, version } = this.#parts;
    const { state, tree, reason } = await root.ask('state');
    const why = applies.failure ?? reason;
    const present: DaemonStatus['state'] = applies.starting
      ? 'starting'
      : applies.failure === undefined
        ? state
        : 'failed';
    const whole = {
      version,
      tree: tree ?? history.last?.tree ?? null,
      state: present,
      revision: history.last?.revision ?? null,
      startedAt: new Date(startedAtMs).toISOString(),
      ...(why === null ? {} : { reason: why }),
    };
    if (this.#view.path === null) return whole;
    // Revisions and reasons are about the whole tree.
    const isThere = present !== 'running' || (await this.#nodes()).length > 0;
    const own = this.#view.outside(this.#view.path) ?? null;
    return {
      version,
      tree: own,
      state: isThere ? present : 'ended',
      revision: null,
      startedAt: whole.startedAt,
    };
  }

  /** An empty daemon is as ready as it will be. @throws HostError `not_ready`. */
  async ready(): Promise<DaemonStatus> {
    const status = await this.status();
    if (status.state === 'running') return status;
    if (status.state === 'empty' && this.#view.isWhole) return status;
    throw new HostError('not_ready', `the tree is ${status.state}: ${status.reason ?? 'not yet there'}`);
  }

  async tree(): Promise<Tree> {
    const nodes = await this.#nodes();
    if (nodes.length === 0) throw absent();
    return { nodes };
  }

  async show({ path }: At): Promise<NodeDetails> {
    const node = (await this.#nodes()).find((known) => known.path === path);
    const inside = this.#view.inside(path);
    const { child, spec, statistics, limits } = await this.#parts.root.ask('show', inside);
    // One that does not run stands in no tree; its supervisor lists it.
    const known = node ?? (child === null ? undefined : stoppedNode(path, child));
    if (known === undefined) throw nothingAt(path);
    return {
      ...known,
      incarnation: child?.incarnation ?? null,
      spec: spec && shown(spec, this.#view.isWhole),
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
    await this.#parts.root.ask(verb, this.#view.inside(path));
    return { path };
  }

  limits({ path }: At, limits: NodeLimits): Promise<LimitsOutcome> {
    return this.#parts.applies.limits({ path, limits });
  }

  async usage(path: string | undefined): Promise<Usage> {
    const view = this.#view;
    const usage = await this.#parts.root.ask('usage', path === undefined ? view.path : view.inside(path));
    const nodes = flatUse(usage, 0).flatMap((node) => this.#seen(node));
    return { at: new Date(this.#parts.nowMs()).toISOString(), nodes };
  }

  async metrics(): Promise<string> {
    // Of those in the foreground nobody asks for it.
    const { metricsOf } = await import('./metrics.js');
    const { nodes } = await this.usage(undefined);
    // What other hosts do is nothing of a part of the tree.
    const bridge = this.#view.isWhole ? await this.#parts.root.ask('bridge') : 'absent';
    return metricsOf(nodes, typeof bridge === 'string' ? null : bridge.lost);
  }

  async spawn({ path }: At, { child, args }: SpawnRequest): Promise<Spawned> {
    // A spec can name any module of the machine: who has but a part may use templates, which the operator has made.
    if (child !== undefined && !this.#view.isWhole) throw nothingAt(path);
    const given = child === undefined ? { args } : (child as unknown as ChildSpecInput);
    const spawned = await this.#parts.root.ask('spawn', this.#view.inside(path), given);
    return { path: spawned === null ? null : (this.#view.outside(spawned) ?? null) };
  }

  async call({ path }: At, body: CallRequest): Promise<CallResult> {
    const { operation, parameters = [], timeoutMs = 5000 } = body;
    const inside = this.#view.inside(path);
    const value = await this.#parts.root.ask('call', inside, operation, parameters, timeoutMs);
    return value === undefined ? {} : { value };
  }

  async send({ path }: At, value: unknown): Promise<void> {
    await this.#parts.root.ask('send', this.#view.inside(path), value);
  }

  async readLogs({ path, ...query }: Omit<LogQuery, 'view'>): Promise<LinesRead<LogLine>> {
    const view = this.#view;
    const inside = path === null ? view.path : view.inside(path);
    const { lines, cut } = await this.#parts.logs.read({ ...query, path: inside, view: view.path });
    return { lines: lines.map((line) => view.entry(line)), cut };
  }

  async #nodes(): Promise<TreeNode[]> {
    const top = await this.#parts.root.ask('tree');
    if (top === undefined) throw absent();
    const above = Math.max(0, this.#view.depth - 1);
    return flat(top, -above).flatMap((node) => this.#seen(node));
  }

  #seen<N extends { readonly path: string }>(node: N): N[] {
    const path = this.#view.outside(node.path);
    return path === undefined ? [] : [{ ...node, path }];
  }
}

function absent(): HostError {
  return new HostError('tree_absent', 'there is no tree that runs');
}

function nothingAt(path: string): CallError {
  const remedy = 'Ask `espalier tree` for the paths of those that are there.';
  return new CallError('noproc', `there is nothing at '${path}'`, { field: 'path', value: path, remedy });
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
    mailboxBytes: use.mailboxBytes ?? null,
    inFlightBytes: use.inFlightBytes ?? null,
    received: use.received ?? null,
    sent: use.sent ?? null,
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

/** Neither what may be a secret nor what is shown by itself; to who sees a part, nothing of the machine and of others. */
function shown(spec: object, isWhole: boolean): Record<string, unknown> {
  const outside = isWhole ? [] : ['module', 'pool', 'external', 'grants', 'walls'];
  const untold = new Set(['args', 'bindings', 'env', 'children', ...outside]);
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !untold.has(field)));
}

function withoutText(kept: KeptRevision): Revision {
  const { revision, at, tree, source, base, summary, rollbackTo, limits } = kept;
  return { revision, at, tree, source, base, summary, rollbackTo, limits };
}
