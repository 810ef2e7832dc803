/**
 * The admin API of a daemon, typed: `const daemon = new AdminClient({ folder })`. Whatever the daemon refuses
 * is thrown as the error that `Host` throws for it, with its code.
 */
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestWithTls } from 'node:https';
import { CallError, HostError } from '@espalier/core';
import type {
  ApplyOutcome,
  ApplyRequest,
  AuditLog,
  CallRequest,
  DaemonStatus,
  EventEntry,
  Health,
  History,
  LimitsOutcome,
  LogLine,
  MadeToken,
  Missed,
  NodeDetails,
  NodeLimits,
  Node,
  OperationName,
  Problem,
  RevisionWithText,
  RollbackRequest,
  Spawned,
  SpawnRequest,
  TokenList,
  TokenRequest,
  Tree,
  Usage,
} from './contract/index.js';
import { LARGEST_REQUEST_BYTES } from './contract/limits.js';
import { readEvents } from './event-stream.js';
import { socketPath } from './folder.js';
import { errorOf } from './problem.js';

/** At the socket in its folder, as `daemonFolder` finds it; or over TLS. */
export type AdminClientOptions = { readonly folder: string } | RemoteDaemon;

export interface RemoteDaemon {
  /** `https://host:port`. */
  readonly url: string;
  readonly token: string;
  /** Certificates in PEM that are trusted; by default those that Node trusts. */
  readonly ca?: string;
}

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
}

export interface AuditOptions extends RequestOptions {
  /** About that node and those below it; by default about all. */
  readonly path?: string;
  readonly after?: number;
  /** So many of the last. 1000 by default, 10,000 at most. */
  readonly lines?: number;
}

/** An entry, or the news that some were dropped before it could be read. */
export type Streamed<T> =
  { readonly kind: 'entry'; readonly entry: T } | { readonly kind: 'missed'; readonly missed: Missed };

interface RequestOptionsOfNode {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal;
}

type Verb = OperationName & ('start' | 'stop' | 'restart' | 'suspend' | 'resume' | 'kill');

const LARGEST_ANSWER = 64 * 1024 * 1024;

/**
 * Each method throws `HostError` `daemon_unreachable` if nobody answers at the socket, `CallError` `cancelled`
 * if its signal was used, and what the operation of `Host` of the same name throws.
 */
export class AdminClient {
  readonly #place: string;
  readonly #request: (options: RequestOptionsOfNode) => ClientRequest;

  constructor(daemon: AdminClientOptions) {
    if ('folder' in daemon) {
      const path = socketPath(daemon.folder);
      this.#place = path;
      this.#request = (options) => request({ ...options, socketPath: path });
      return;
    }
    const { url, token, ca } = daemon;
    this.#place = url;
    this.#request = ({ path, headers, ...options }) => {
      const { host: _host, ...given } = headers;
      const trusted = ca === undefined ? {} : { ca };
      return requestWithTls(new URL(path, url), {
        ...options,
        ...trusted,
        headers: { ...given, authorization: `Bearer ${token}` },
      });
    };
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
  async metrics(options: RequestOptions = {}): Promise<string> {
    return allOf(await this.#ask('GET', '/v1/metrics', undefined, options.signal));
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

  events({ signal, ...query }: FollowOptions = {}): AsyncIterable<Streamed<EventEntry>> {
    return this.#stream(`/v1/events${queryOf(query)}`, signal);
  }

  logs({ signal, ...query }: LogOptions = {}): AsyncIterable<Streamed<LogLine>> {
    return this.#stream(`/v1/logs${queryOf(query)}`, signal);
  }

  async #json<T>(method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    const response = await this.#ask(method, path, body, options.signal);
    const text = await allOf(response);
    if (response.statusCode === 204) return undefined as T;
    return JSON.parse(text) as T;
  }

  async *#stream<T>(path: string, signal: AbortSignal | undefined): AsyncGenerator<Streamed<T>> {
    const response = await this.#ask('GET', path, undefined, signal);
    try {
      for await (const { event, data } of readEvents(response.setEncoding('utf8'))) {
        if (event === 'entry') yield { kind: 'entry', entry: JSON.parse(data) as T };
        if (event === 'missed') yield { kind: 'missed', missed: JSON.parse(data) as Missed };
      }
    } catch (cause) {
      if (signal?.aborted === true) return;
      throw this.#unreachable(cause);
    } finally {
      response.destroy();
    }
  }

  /** Resolves with the head of a success; any other is thrown as the error that it tells of. */
  async #ask(
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    // Who is refused while he still sends may not come to read why.
    if (text !== undefined && Buffer.byteLength(text) > LARGEST_REQUEST_BYTES) {
      throw new CallError('too_large', `a request may have ${LARGEST_REQUEST_BYTES} bytes`);
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers =
        text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const asked = this.#request({
        path,
        method,
        headers: { host: 'espalier', ...headers },
        ...(signal === undefined ? {} : { signal }),
      });
      asked.once('response', resolve);
      asked.once('error', (cause) => {
        reject(signal?.aborted === true ? cancelled(cause) : this.#unreachable(cause));
      });
      asked.end(text);
    });
    const { statusCode = 500 } = response;
    if (statusCode < 400) return response;
    throw errorOf(problemIn(await allOf(response), statusCode));
  }

  #unreachable(cause: unknown): HostError {
    return new HostError('daemon_unreachable', `no daemon answers at ${this.#place}`, {
      field: 'folder',
      value: this.#place,
      cause,
    });
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

function cancelled(cause: unknown): CallError {
  return new CallError('cancelled', 'the request was given up', { cause });
}

function problemIn(text: string, status: number): Problem {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (typeof problem.code === 'string' && typeof problem.detail === 'string') return problem as Problem;
  } catch {
    // What is no problem document does not come from the daemon's own code.
  }
  const detail = `the answer was ${status}, without a problem document`;
  const remedy = 'See what listens at that socket.';
  return { type: 'about:blank', title: 'no daemon', status, detail, code: 'daemon_fault', remedy };
}

async function allOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > LARGEST_ANSWER)
      throw new CallError('too_large', 'the answer of the daemon is too large');
  }
  return text;
}
