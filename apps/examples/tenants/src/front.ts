/** The front: one HTTP server for all tenants. `GET /blue/tea` asks the tenant `blue` for `tea`. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CallError, server, type Context } from '@espalier/core';

interface Args {
  /** 0: any that is free. */
  readonly port: number;
  readonly tenants: readonly string[];
  /** How long a tenant may take to answer. Milliseconds. */
  readonly patienceMs: number;
  /** How many requests may wait for one tenant: one that hangs must not fill the front. */
  readonly waiting: number;
}

interface State {
  readonly http: Server;
  readonly port: number;
}

export default server({
  async init(args: Args, context: Context): Promise<State> {
    const waiting = new Map(args.tenants.map((tenant) => [tenant, 0]));
    const http = createServer((request, response) => {
      void serve(request, response, args, context, waiting);
    });
    http.listen(args.port, '127.0.0.1');
    await once(http, 'listening');
    return { http, port: (http.address() as AddressInfo).port };
  },
  calls: {
    port: ({ state }): number => state.port,
  },
  terminate({ state: { http } }) {
    http.closeAllConnections();
    http.close();
  },
});

async function serve(
  { url = '/' }: IncomingMessage,
  response: ServerResponse,
  { patienceMs, waiting: most }: Args,
  context: Context,
  waiting: Map<string, number>,
): Promise<void> {
  const [, tenant = '', item = ''] = url.split('/');
  const before = waiting.get(tenant);
  if (before === undefined) return end(response, 404, 'no such tenant');
  if (before >= most) return end(response, 503, 'the tenant is behind with its work');
  waiting.set(tenant, before + 1);
  try {
    end(response, 200, String(await context.call(tenant, 'order', [item], { timeoutMs: patienceMs })));
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    end(response, error.code === 'timeout' ? 504 : 502, `the tenant did not answer: ${error.code}`);
  } finally {
    waiting.set(tenant, (waiting.get(tenant) ?? 1) - 1);
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
