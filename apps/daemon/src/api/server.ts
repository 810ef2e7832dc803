/** HTTP in front of the API: routes out of the table of operations, requests checked by its schemas, errors as problems. */
import { chmod, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
import type { Api } from './api.js';
import { HANDLERS, type Asked } from './handlers.js';
import { openApi } from './openapi.js';
import { readingOfEvents, readingOfLogs, type ReadingQuery } from './reading.js';
import { stream } from './streams.js';

/** A request that takes longer to arrive is given up. Milliseconds. */
const SLOWEST_REQUEST_MS = 10_000;
const MOST_CONNECTIONS = 256;
/** Longer than any path that the schema takes, percent-encoded. */
const LONGEST_PARAMETER = 3 * 4096;

export interface ListeningApi {
  close(): Promise<void>;
}

/** Listens at `path`, which nobody else uses: what is there is left over. Its folder is nobody's but ours. */
export async function apiServer(
  api: Api,
  path: string,
  version: string,
  slowestRequestMs = SLOWEST_REQUEST_MS,
): Promise<ListeningApi> {
  const app = fastify({
    bodyLimit: LARGEST_REQUEST_BYTES,
    requestTimeout: slowestRequestMs,
    // Node takes the longer of the two for the request, whichever that is.
    http: { headersTimeout: slowestRequestMs, connectionsCheckingInterval: slowestRequestMs / 10 },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    clientErrorHandler: (error, socket) => {
      refuseConnection(error, socket);
    },
    frameworkErrors: (error, _request, reply) => {
      void sendProblem(reply, malformed(error));
    },
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(({ schema, httpPart }) => validator(schema as TSchema, httpPart !== 'body'));
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler((error: Error, _request, reply) => sendProblem(reply, problemFor(error)));
  app.setNotFoundHandler((request, reply) => {
    return sendProblem(
      reply,
      malformed({ statusCode: 404, message: `there is no ${request.method} ${request.url}` }),
    );
  });
  const document = openApi(version);
  for (const [name, operation] of Object.entries(OPERATIONS))
    route(app, api, name as OperationName, operation, document);
  await rm(path, { force: true });
  await app.listen({ path });
  await chmod(path, 0o600);
  return { close: () => app.close() };
}

function route(
  app: FastifyInstance,
  api: Api,
  name: OperationName,
  operation: Operation,
  document: object,
): void {
  const { method, path, params, query, body, status } = operation;
  const schema = {
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
  };
  app.route({
    method,
    url: path,
    schema,
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      if (name === 'events' || name === 'logs') {
        await follow(api, name, request, reply);
        return reply;
      }
      const { params: at, query: asked, body: given } = request as unknown as Asked;
      const answer =
        name === 'openapi' ? document : await HANDLERS[name](api, { params: at, query: asked, body: given });
      return reply.code(status).send(answer);
    },
  });
}

async function follow(
  api: Api,
  name: 'events' | 'logs',
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const asked = { after: lastEventId(request) ?? 0, ...(request.query as ReadingQuery) };
  if (name === 'events') await stream(taken(reply), readingOfEvents(api, asked));
  else {
    const reading = await readingOfLogs(api, asked);
    await stream(taken(reply), reading);
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

function problemFor(error: Error & { readonly statusCode?: number }): Problem {
  if (error instanceof EspalierError) return problemOf(error);
  const { statusCode = 500 } = error;
  if (statusCode >= 400 && statusCode < 500) return malformed(error);
  console.error(`espalierd: defect: ${error.stack ?? error.message}`);
  return problemOf(error);
}

/** What Node or Fastify refuse before it is a request of ours. */
function malformed({ statusCode = 400, message }: HttpError): Problem {
  return { ...problemOf(new CallError('request_malformed', message)), status: statusCode };
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
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
  const problem = malformed({ statusCode, message: 'what arrived is no HTTP request, or took too long' });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${statusCode} Refused`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
