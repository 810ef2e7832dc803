/**
 * The admin API of a daemon, typed: `const daemon = new AdminClient({ folder })`. Whatever the daemon refuses
 * is thrown as the error that `Host` throws for it, with its code.
 */
import type {
  ApplyOutcome,
  ApplyRequest,
  AuditLog,
  CallRequest,
  ClusterStatus,
  DaemonStatus,
  EventEntry,
  Health,
  History,
  JoinRequest,
  LimitsOutcome,
  LogLine,
  LogStream,
  MadeToken,
  NodeDetails,
  NodeLimits,
  Node,
  OperationName,
  RevisionWithText,
  OwnNames,
  RevocationRequest,
  RollbackRequest,
  Spawned,
  SpawnRequest,
  TokenList,
  TokenRequest,
  Tree,
  Usage,
} from './contract/index.js';
import type { Connection, Streamed } from './connection.js';
import { SocketConnection, type RemoteDaemon } from './socket-connection.js';

export type AdminClientOptions =
  | {
      /** The daemon's, as `daemonFolder` finds it. */
      readonly folder: string;
    }
  | RemoteDaemon
  | {
      /** That of a daemon in this process. */
      readonly connection: Connection;
    };

export interface RequestOptions {
  /** Gives the request up. What the daemon has begun, it goes on with. */
  readonly signal?: AbortSignal;
}

export interface FollowOptions extends RequestOptions {
  /** Only what came after that entry. */
  readonly after?: number;
  /** Goes on with what comes; else the stream ends with what is there. False by default. */
  readonly follow?: boolean;
}

export interface LogOptions extends FollowOptions {
  /** Of that node and of those below it; by default all. */
  readonly path?: string;
  /** So many of the last lines at first. 1000 by default, 10,000 at most. */
  readonly lines?: number;
  /** Only what came that way; by default all. */
  readonly stream?: LogStream;
  /** Texts that end with a carriage return as well, as they come. False by default. */
  readonly progress?: boolean;
}

export interface AuditOptions extends RequestOptions {
  /** About that node and those below it; by default about all. */
  readonly path?: string;
  readonly after?: number;
  /** So many of the last. 1000 by default, 10,000 at most. */
  readonly lines?: number;
}

type Verb = OperationName & ('start' | 'stop' | 'restart' | 'suspend' | 'resume' | 'kill');

/**
 * Each method throws `HostError` `daemon_unreachable` if nobody answers at the socket, `CallError` `cancelled`
 * if its signal was used, and what the operation of `Host` of the same name throws.
 */
export class AdminClient {
  readonly #connection: Connection;

  constructor(options: AdminClientOptions) {
    this.#connection = 'connection' in options ? options.connection : new SocketConnection(options);
  }

  health(options?: RequestOptions): Promise<Health> {
    return this.#json('GET', '/v1/health', undefined, options);
  }

  /** @throws HostError `not_ready`. */
  ready(options?: RequestOptions): Promise<DaemonStatus> {
    return this.#json('GET', '/v1/ready', undefined, options);
  }

  status(options?: RequestOptions): Promise<DaemonStatus> {
    return this.#json('GET', '/v1/status', undefined, options);
  }

  /** @throws HostError `tree_absent`. */
  tree(options?: RequestOptions): Promise<Tree> {
    return this.#json('GET', '/v1/tree', undefined, options);
  }

  show(path: string, options?: RequestOptions): Promise<NodeDetails> {
    return this.#json('GET', nodeAt(path), undefined, options);
  }

  /** Resolves when the tree runs by the spec and the revision is written durably. */
  apply(body: ApplyRequest, options?: RequestOptions): Promise<ApplyOutcome> {
    return this.#json('POST', '/v1/apply', body, options);
  }

  /** @throws SupervisionError `revision_missing`. */
  rollback(body: RollbackRequest = {}, options?: RequestOptions): Promise<ApplyOutcome> {
    return this.#json('POST', '/v1/rollback', body, options);
  }

  history(options?: RequestOptions): Promise<History> {
    return this.#json('GET', '/v1/history', undefined, options);
  }

  /** @throws SupervisionError `revision_missing`. */
  revision(revision: number, options?: RequestOptions): Promise<RevisionWithText> {
    return this.#json('GET', `/v1/history/${revision}`, undefined, options);
  }

  /** `start`, `stop`, `restart`, `suspend`, `resume` or `kill` of the node at a path. */
  async change(verb: Verb, path: string, options?: RequestOptions): Promise<void> {
    await this.#json<Node>('POST', nodeAt(path, verb), undefined, options);
  }

  /** Resolves when the limits hold and are written durably. @throws SpecError `spec_invalid`: nothing was changed. */
  setLimits(path: string, limits: NodeLimits, options?: RequestOptions): Promise<LimitsOutcome> {
    return this.#json('PATCH', nodeAt(path, 'limits'), limits, options);
  }

  /** Of the node at a path and of those below it, by default of all. */
  usage(path?: string, options?: RequestOptions): Promise<Usage> {
    return this.#json('GET', `/v1/usage${queryOf({ path })}`, undefined, options);
  }

  /** Adds a child to the supervisor at a path. */
  spawn(path: string, body: SpawnRequest, options?: RequestOptions): Promise<Spawned> {
    return this.#json('POST', nodeAt(path, 'children'), body, options);
  }

  /** The answer as JSON has it: see `CallResult`. */
  async call(path: string, body: CallRequest, options?: RequestOptions): Promise<unknown> {
    return (await this.#json<{ value?: unknown }>('POST', nodeAt(path, 'call'), body, options)).value;
  }

  async send(path: string, value: unknown, options?: RequestOptions): Promise<void> {
    await this.#json('POST', nodeAt(path, 'send'), { value }, options);
  }

  /** In the text format of Prometheus. */
  metrics(options?: RequestOptions): Promise<string> {
    return this.#json('GET', '/v1/metrics', undefined, options);
  }

  /** Its text is told once, here. @throws CallError `operation_refused`: there are too many. */
  makeToken(body: TokenRequest, options?: RequestOptions): Promise<MadeToken> {
    return this.#json('POST', '/v1/tokens', body, options);
  }

  tokens(options?: RequestOptions): Promise<TokenList> {
    return this.#json('GET', '/v1/tokens', undefined, options);
  }

  /** With all that were made by it. @throws CallError `token_missing`. */
  async revokeToken(id: string, options?: RequestOptions): Promise<void> {
    await this.#json('DELETE', `/v1/tokens/${encodeURIComponent(id)}`, undefined, options);
  }

  audit({ signal, ...query }: AuditOptions = {}): Promise<AuditLog> {
    return this.#json('GET', `/v1/audit${queryOf(query)}`, undefined, signal && { signal });
  }

  cluster(options?: RequestOptions): Promise<ClusterStatus> {
    return this.#json('GET', '/v1/cluster', undefined, options);
  }

  /** Of isolated nodes, as who sees them alone may know them. */
  ownNames(options?: RequestOptions): Promise<OwnNames> {
    return this.#json('GET', '/v1/names', undefined, options);
  }

  /** @throws HostError `ticket_refused`; CallError `operation_refused`: it is a member already. */
  joinCluster(body: JoinRequest, options?: RequestOptions): Promise<ClusterStatus> {
    return this.#json('POST', '/v1/cluster', body, options);
  }

  leaveCluster(options?: RequestOptions): Promise<ClusterStatus> {
    return this.#json('DELETE', '/v1/cluster', undefined, options);
  }

  /** @throws HostError `revocations_refused`; CallError `operation_refused`: the host is no member. */
  followRevocations(body: RevocationRequest, options?: RequestOptions): Promise<ClusterStatus> {
    return this.#json('POST', '/v1/cluster/revoked', body, options);
  }

  events({ signal, ...query }: FollowOptions = {}): AsyncIterable<Streamed<EventEntry>> {
    return this.#stream(`/v1/events${queryOf(query)}`, signal);
  }

  logs({ signal, ...query }: LogOptions = {}): AsyncIterable<Streamed<LogLine>> {
    return this.#stream(`/v1/logs${queryOf(query)}`, signal);
  }

  async #json<T>(method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    return (await this.#connection.ask({ method, path, body, signal: options.signal })) as T;
  }

  #stream<T>(path: string, signal: AbortSignal | undefined): AsyncIterable<Streamed<T>> {
    return this.#connection.read({ method: 'GET', path, signal }) as AsyncIterable<Streamed<T>>;
  }
}

function nodeAt(path: string, verb?: string): string {
  return `/v1/nodes/${encodeURIComponent(path)}${verb === undefined ? '' : `/${verb}`}`;
}

function queryOf(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}
