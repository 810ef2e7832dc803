/** What carries out each operation that answers with one document. */
import type { OperationName } from '@espalier/supervisor/admin-api';
import type {
  ApplyRequest,
  CallRequest,
  NodeLimits,
  RollbackRequest,
  SendRequest,
  SpawnRequest,
} from '@espalier/supervisor/client';
import type { Api } from './api.js';

/** A request, with what its operation takes: it has been checked. */
export interface Asked {
  readonly params: { readonly path: string; readonly revision: number };
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

type Handler = (api: Api, asked: Asked) => unknown;

export const HANDLERS: Record<Exclude<OperationName, 'events' | 'logs' | 'openapi'>, Handler> = {
  health: (api) => api.health(),
  ready: (api) => api.ready(),
  status: (api) => api.status(),
  tree: (api) => api.tree(),
  show: (api, { params }) => api.show(params),
  apply: (api, { body }) => api.apply(body as ApplyRequest),
  rollback: (api, { body }) => api.rollback(body as RollbackRequest),
  history: (api) => api.history(),
  revision: (api, { params }) => api.revision(params),
  start: (api, { params }) => api.change('start', params),
  stop: (api, { params }) => api.change('stop', params),
  restart: (api, { params }) => api.change('restart', params),
  suspend: (api, { params }) => api.change('suspend', params),
  resume: (api, { params }) => api.change('resume', params),
  kill: (api, { params }) => api.change('kill', params),
  limits: (api, { params, body }) => api.limits(params, body as NodeLimits),
  usage: (api, { query }) => api.usage(query['path'] as string | undefined),
  spawn: (api, { params, body }) => api.spawn(params, body as SpawnRequest),
  call: (api, { params, body }) => api.call(params, body as CallRequest),
  send: (api, { params, body }) => api.send(params, (body as SendRequest).value),
};
