/** What carries out each operation that answers with one document. */
import type { OperationName } from '@espalier/supervisor/admin-api';
import type {
  ApplyRequest,
  CallRequest,
  JoinRequest,
  NodeLimits,
  RevocationRequest,
  RollbackRequest,
  SendRequest,
  SpawnRequest,
  TokenRequest,
} from '@espalier/supervisor/client';
import type { View } from '../access/view.js';
import type { AccessOperations } from './access-operations.js';
import type { Api } from './api.js';
import type { ClusterOperations } from './cluster-operations.js';

/** A request, with what its operation takes: it has been checked. */
export interface Asked {
  readonly params: { readonly path: string; readonly revision: number; readonly id: string };
  readonly query: { readonly path?: string; readonly after?: number; readonly lines?: number };
  readonly body: unknown;
}

/** Those on who may ask what; a daemon in the process of who asks has none of them. */
type AccessName = 'makeToken' | 'tokens' | 'revokeToken' | 'audit';

/** Those on the cluster: they are about the machine, and a daemon in the process of who asks is no host. */
type ClusterName = 'cluster' | 'ownNames' | 'joinCluster' | 'leaveCluster' | 'followRevocations';

type Name = Exclude<OperationName, AccessName | ClusterName | 'events' | 'logs' | 'openapi'>;

export const HANDLERS: Record<Name, (api: Api, asked: Asked) => unknown> = {
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
  usage: (api, { query }) => api.usage(query.path),
  spawn: (api, { params, body }) => api.spawn(params, body as SpawnRequest),
  call: (api, { params, body }) => api.call(params, body as CallRequest),
  send: (api, { params, body }) => api.send(params, (body as SendRequest).value),
  metrics: (api) => api.metrics(),
};

export const ACCESS_HANDLERS: Record<AccessName, (access: AccessOperations, asked: Asked) => unknown> = {
  makeToken: (access, { body }) => access.make(body as TokenRequest),
  tokens: (access) => access.list(),
  revokeToken: (access, { params }) => access.revoke(params.id),
  audit: (access, { query: { path = null, after = 0, lines = 1000 } }) =>
    access.audit({ path, after, lines }),
};

export const CLUSTER_HANDLERS: Record<
  ClusterName,
  (cluster: ClusterOperations, asked: Asked, view: View) => unknown
> = {
  cluster: (cluster) => cluster.status(),
  ownNames: (cluster, _asked, view) => cluster.ownNames(view),
  joinCluster: (cluster, { body }) => cluster.join(body as JoinRequest),
  leaveCluster: (cluster) => cluster.leave(),
  followRevocations: (cluster, { body }) => cluster.followRevocations((body as RevocationRequest).list),
};

export function isAboutCluster(name: OperationName): name is ClusterName {
  return Object.hasOwn(CLUSTER_HANDLERS, name);
}

export function isAboutAccess(name: OperationName): name is AccessName {
  return Object.hasOwn(ACCESS_HANDLERS, name);
}
