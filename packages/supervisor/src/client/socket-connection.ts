/** HTTP over the socket of a daemon, or over TLS: JSON, problem documents, server-sent events. */
import { request, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { CallError, HostError } from '@espalier/core';
import type { AdminRequest, Connection, Streamed } from './connection.js';
import type { Missed, Problem } from './contract/index.js';
import { LARGEST_REQUEST_BYTES } from './contract/limits.js';
import { readEvents } from './event-stream.js';
import { socketPath } from './folder.js';
import { errorOf } from './problem.js';

const LARGEST_ANSWER = 64 * 1024 * 1024;

export interface RemoteDaemon {
  /** `https://host:port`. */
  readonly url: string;
  readonly token: string;
  /** Certificates in PEM that are trusted; by default those that Node trusts. */
  readonly ca?: string;
}

type Headers = Readonly<Record<string, string | number>>;

export class SocketConnection implements Connection {
  readonly #place: string;
  readonly #begin: (options: RequestOptions, headers: Headers) => Promise<ClientRequest>;

  constructor(daemon: { readonly folder: string } | RemoteDaemon) {
    if ('folder' in daemon) {
      const path = socketPath(daemon.folder);
      this.#place = path;
      this.#begin = (options, headers) => {
        const socket = { socketPath: path, headers: { host: 'espalier', ...headers } };
        return Promise.resolve(request({ ...options, ...socket }));
      };
      return;
    }
    const { url, token, ca } = daemon;
    const { hostname, port } = new URL(url);
    const place = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || 443,
      ...(ca === undefined ? {} : { ca }),
    };
    this.#place = url;
    this.#begin = async (options, headers) => {
      // Most commands need none of it.
      const tls = await import('node:https');
      return tls.request({ ...options, ...place, headers: { ...headers, authorization: `Bearer ${token}` } });
    };
  }

  async ask(asked: AdminRequest): Promise<unknown> {
    const response = await this.#request(asked);
    const text = await allOf(response);
    if (response.statusCode === 204) return undefined;
    const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
    return isJson ? (JSON.parse(text) as unknown) : text;
  }

  async *read(asked: AdminRequest): AsyncGenerator<Streamed<unknown>> {
    const response = await this.#request(asked);
    try {
      for await (const { event, data } of readEvents(response.setEncoding('utf8'))) {
        if (event === 'entry') yield { kind: 'entry', entry: JSON.parse(data) as unknown };
        if (event === 'missed') yield { kind: 'missed', missed: JSON.parse(data) as Missed };
      }
    } catch (cause) {
      if (asked.signal?.aborted === true) return;
      throw this.#unreachable(cause);
    } finally {
      response.destroy();
    }
  }

  /** Resolves with the head of a success; any other is thrown as the error that it tells of. */
  async #request({ method, path, body, signal }: AdminRequest): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    // Who is refused while he still sends may not come to read why.
    if (text !== undefined && Buffer.byteLength(text) > LARGEST_REQUEST_BYTES) {
      throw new CallError('too_large', `a request may have ${LARGEST_REQUEST_BYTES} bytes`);
    }
    const headers: Headers =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const options = { path, method, ...(signal === undefined ? {} : { signal }) };
    const asked = await this.#begin(options, headers);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
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
