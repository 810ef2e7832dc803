/** HTTP in front of the API: routes out of the table of operations, requests checked by its schemas, errors as problems. */
import { chmod, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CallError, EspalierError } from '@espalier/core';
import {
  LARGEST_REQUEST_BYTES,
  OPERATIONS,
  type Operation,
  type OperationName,
} from '@espalier/supervisor/admin-api';
import { problemOf, type Problem } from '@espalier/supervisor/client';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import Compile from 'typebox/compile';
import type { Audit } from '../access/audit.js';
import { mayAsk, type Caller, type Callers } from '../access/caller.js';
import { View } from '../access/view.js';
import { AccessOperations, type AccessParts } from './access-operations.js';
import { Api, type ApiParts } from './api.js';
import type { ClusterOperations } from './cluster-operations.js';
import {
  ACCESS_HANDLERS,
  CLUSTER_HANDLERS,
  HANDLERS,
  isAboutAccess,
  isAboutCluster,
  type Asked,
} from './handlers.js';
import { openApi } from './openapi.js';
import { readingOfEvents, readingOfLogs, type ReadingQuery } from './reading.js';
import { stream } from './streams.js';

/** A request that takes longer to arrive is given up. Milliseconds. */
const SLOWEST_REQUEST_MS = 10_000;
const MOST_CONNECTIONS = 256;
/** Longer than any path that the schema takes, percent-encoded. */
const LONGEST_PARAMETER = 3 * 4096;

export interface ServedApi {
  readonly parts: ApiParts;
  readonly access: AccessParts;
  readonly cluster: ClusterOperations;
  readonly callers: Callers;
  readonly version: string;
  /** A request that takes longer to arrive is given up. Milliseconds; 10 s by default. */
  readonly slowestRequestMs?: number;
}

/** A path of a Unix socket; or TCP with TLS, with certificate and key in PEM. */
export type Place =
  | { readonly socket: string }
  | { readonly host: string; readonly port: number; readonly cert: string; readonly key: string };

export interface ListeningApi {
  /** Null of a socket. */
  readonly port: number | null;
  close(): Promise<void>;
}

/** At a socket: nobody else uses it, what is there is left over, and its folder is nobody's but ours. */
export async function apiServer(served: ServedApi, place: Place): Promise<ListeningApi> {
  const { slowestRequestMs = SLOWEST_REQUEST_MS } = served;
  const atSocket = 'socket' in place;
  // Node takes the longer of the two for the request, whichever that is.
  const slowest = {
    headersTimeout: slowestRequestMs,
    connectionsCheckingInterval: slowestRequestMs / 10,
    // Refused by us, with a problem.
    requireHostHeader: false,
  };
  const options = {
    bodyLimit: LARGEST_REQUEST_BYTES,
    requestTimeout: slowestRequestMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error: Error, _request: unknown, reply: unknown) => {
      void sendProblem(reply as FastifyReply, malformed(error));
    },
  };
  const tls = atSocket
    ? undefined
    : { ...slowest, cert: place.cert, key: place.key, handshakeTimeout: slowestRequestMs };
  const app = (
    tls === undefined ? fastify({ ...options, http: slowest }) : fastify({ ...options, https: tls })
  ) as FastifyInstance;
  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.on('connect', (_request, socket: Duplex) =>
    refuse(socket, 405, 'the daemon leads nowhere else'),
  );
  app.server.on('checkExpectation', ({ socket }: { readonly socket: Socket }) => {
    refuse(socket, 417, 'the request expects what nobody here knows');
  });
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(({ schema, httpPart }) => validator(schema as TSchema, httpPart !== 'body'));
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.decorateRequest('caller', null);
  // Before anything else of it is looked at, unknown places too.
  app.addHook('onRequest', (request, _reply, done) => {
    (request as Asking).caller = served.callers.known(request.headers.authorization, atSocket);
    const isWhole = request.headers.host !== undefined || request.raw.httpVersion !== '1.1';
    done(isWhole ? undefined : new CallError('request_malformed', 'the request names no `Host`'));
  });
  app.setErrorHandler((error: Error, request, reply) => {
    const { caller } = request as Asking;
    return sendProblem(reply, problemFor(error, caller?.view ?? NOBODYS));
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, notThere(request)));
  const document = openApi(served.version);
  for (const [name, operation] of Object.entries(OPERATIONS))
    route(app, served, name as OperationName, operation, document);
  if (atSocket) {
    await rm(place.socket, { force: true });
    await app.listen({ path: place.socket });
    await chmod(place.socket, 0o600);
  } else {
    await app.listen({ host: place.host, port: place.port });
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : null;
  return { port, close: () => app.close() };
}

/** Of who is not known: it tells nothing that could be of the tree. */
const NOBODYS = new View('?');

type Asking = FastifyRequest & { caller: Caller | null };

function route(
  app: FastifyInstance,
  { parts, access, cluster, callers }: ServedApi,
  name: OperationName,
  operation: Operation,
  document: object,
): void {
  const { method, path, params, query, body, status, right, media = 'application/json' } = operation;
  const schema = {
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
  };
  app.route({
    method,
    url: path,
    schema,
    // Its body is not even read.
    onRequest: async (request, reply) => {
      if (!mayAsk(callerOf(request), operation)) await sendProblem(reply, notThere(request));
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = callerOf(request);
      const api = new Api(parts, caller.view);
      if (name === 'events' || name === 'logs') {
        await follow(api, name, request, reply, (revoked) => callers.onRevoked(caller, revoked));
        return reply;
      }
      if (name === 'openapi') return document;
      const asked = request as unknown as Asked;
      const handle = (): unknown => {
        if (isAboutAccess(name)) return ACCESS_HANDLERS[name](new AccessOperations(access, caller), asked);
        if (isAboutCluster(name)) return CLUSTER_HANDLERS[name](cluster, asked, caller.view);
        return HANDLERS[name](api, asked);
      };
      const answer = await (right === 'control'
        ? audited(access.audit, caller, name, asked.params.path, handle)
        : handle());
      if (status !== 204) void reply.type(media);
      return reply.code(status).send(answer);
    },
  });
}

async function audited(
  audit: Audit,
  caller: Caller,
  operation: OperationName,
  path: string | undefined,
  handle: () => unknown,
): Promise<unknown> {
  const known = path === undefined ? '' : caller.view.known(path);
  const over = audit.begin({ by: caller.by, operation, path: known }, caller.family);
  try {
    const answer = await handle();
    over('ok');
    return answer;
  } catch (error) {
    over(problemOf(error).code);
    throw error;
  }
}

function callerOf(request: FastifyRequest): Caller {
  return (request as Asking).caller as Caller;
}

async function follow(
  api: Api,
  name: 'events' | 'logs',
  request: FastifyRequest,
  reply: FastifyReply,
  onRevoked: (revoked: () => void) => () => void,
): Promise<void> {
  const asked = { after: lastEventId(request) ?? 0, ...(request.query as ReadingQuery) };
  if (name === 'events') await stream(taken(reply), readingOfEvents(api, asked), onRevoked);
  else {
    const reading = await readingOfLogs(api, asked);
    await stream(taken(reply), reading, onRevoked);
  }
}

/** From here on the answer is ours alone. */
function taken(reply: FastifyReply): ServerResponse {
  reply.hijack();
  return reply.raw;
}

function lastEventId(request: FastifyRequest): number | undefined {
  const given = request.headers['last-event-id'];
  if (given === undefined) return undefined;
  const id = Number(given);
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw new CallError('request_malformed', '`Last-Event-ID` is no id of an entry', {
    field: 'Last-Event-ID',
  });
}

/** Parameters come as text: `5` is a number where one is asked for. Bodies are taken as they are. */
function validator(schema: TSchema, converts: boolean) {
  const compiled = Compile(schema);
  return (data: unknown) => {
    const value: unknown = converts ? compiled.Convert(data) : data;
    if (compiled.Check(value)) return { value };
    const [first] = compiled.Errors(value);
    const where = first?.instancePath ?? '';
    const field = where === '' ? 'the request' : where.slice(1).replaceAll('/', '.');
    const facts = { field, remedy: 'See `/v1/openapi.json` for what it takes.' };
    return {
      error: new CallError(
        'request_malformed',
        `${field} ${first?.message ?? 'is not as it must be'}`,
        facts,
      ),
    };
  };
}

interface HttpError {
  readonly statusCode?: number | undefined;
  readonly message: string;
}

function problemFor(error: Error & { readonly statusCode?: number }, view: View): Problem {
  if (error instanceof EspalierError) return view.problem(error);
  const { statusCode = 500 } = error;
  if (statusCode >= 400 && statusCode < 500) return malformed(error);
  console.error(`espalierd: defect: ${error.stack ?? error.message}`);
  return problemOf(error);
}

/** What Node or Fastify refuse before it is a request of ours. */
function malformed({ statusCode = 400, message }: HttpError): Problem {
  return { ...problemOf(new CallError('request_malformed', message)), status: statusCode };
}

function notThere({ method, url }: FastifyRequest): Problem {
  return malformed({ statusCode: 404, message: `there is no ${method} ${url}` });
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(problem.status).type('application/problem+json').send(problem);
}

const PARSER_STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const statusCode = PARSER_STATUS[error.code ?? ''] ?? 400;
  refuse(socket, statusCode, 'what arrived is no HTTP request, or took too long');
}

/** What does not come to be a request of Fastify’s. */
function refuse(socket: Duplex, statusCode: number, message: string): void {
  const problem = malformed({ statusCode, message });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${statusCode} Refused`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
