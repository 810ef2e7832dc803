/** Every operation of the admin API: the routes of the daemon and its OpenAPI document are made of this table. */
import type { TSchema } from 'typebox';
import * as access from './access.js';
import * as cluster from './cluster.js';
import * as resources from './resources.js';
import * as schemas from './schemas.js';

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `:name` stands for a parameter, percent-encoded. */
  readonly path: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** Of success; a stream's of each of its events. None: 204. */
  readonly response?: TSchema;
  readonly status: 200 | 201 | 204;
  readonly right: access.Right;
  /** It is about the whole tree: to who sees a part it is not there. */
  readonly whole?: true;
  /** In place of JSON. */
  readonly media?: 'text/plain';
  /** Server-sent events: `entry`, with the response as data, and `missed`. */
  readonly streams?: true;
}

const onNode = (verb: string, summary: string): Operation => ({
  method: 'POST',
  path: `/v1/nodes/:path/${verb}`,
  summary,
  params: schemas.Parameters.node,
  response: schemas.Node,
  status: 200,
  right: 'control',
});

export const OPERATIONS = {
  health: {
    method: 'GET',
    path: '/v1/health',
    summary: 'Whether the API answers.',
    response: schemas.Health,
    status: 200,
    right: 'view',
  },
  ready: {
    method: 'GET',
    path: '/v1/ready',
    summary: 'Whether the tree runs that was applied last; 503 if it does not.',
    response: schemas.DaemonStatus,
    status: 200,
    right: 'view',
  },
  status: {
    method: 'GET',
    path: '/v1/status',
    summary: 'What the daemon runs.',
    response: schemas.DaemonStatus,
    status: 200,
    right: 'view',
  },
  openapi: {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This document.',
    status: 200,
    response: schemas.OpenApiDocument,
    right: 'view',
  },
  tree: {
    method: 'GET',
    path: '/v1/tree',
    summary: 'The tree as it stands.',
    response: schemas.Tree,
    status: 200,
    right: 'view',
  },
  show: {
    method: 'GET',
    path: '/v1/nodes/:path',
    summary: 'One node, with its spec.',
    params: schemas.Parameters.node,
    response: schemas.NodeDetails,
    status: 200,
    right: 'view',
  },
  apply: {
    method: 'POST',
    path: '/v1/apply',
    summary:
      'Makes the tree what a spec says. Answers when all of it runs and the revision is written durably; on an error all is as before.',
    body: schemas.ApplyRequest,
    response: schemas.ApplyOutcome,
    status: 200,
    right: 'control',
    whole: true,
  },
  rollback: {
    method: 'POST',
    path: '/v1/rollback',
    summary: 'Applies the text and the changed limits of an earlier revision, as a new revision.',
    body: schemas.RollbackRequest,
    response: schemas.ApplyOutcome,
    status: 200,
    right: 'control',
    whole: true,
  },
  history: {
    method: 'GET',
    path: '/v1/history',
    summary: 'What was applied.',
    response: schemas.History,
    status: 200,
    right: 'view',
    whole: true,
  },
  revision: {
    method: 'GET',
    path: '/v1/history/:revision',
    summary: 'One revision, with its text.',
    params: schemas.Parameters.revision,
    response: schemas.RevisionWithText,
    status: 200,
    right: 'view',
    whole: true,
  },
  start: onNode('start', 'Starts a child that does not run.'),
  stop: onNode(
    'stop',
    'Stops a child; it stays stopped until it is started, or until the daemon starts anew.',
  ),
  restart: onNode('restart', 'Stops a child and starts it again.'),
  suspend: onNode('suspend', 'The mailbox fills, but delivers nothing until `resume`.'),
  resume: onNode('resume', 'The mailbox delivers again.'),
  kill: onNode('kill', 'Ends an environment with reason `killed`; its supervisor does what its spec says.'),
  limits: {
    method: 'PATCH',
    path: '/v1/nodes/:path/limits',
    summary:
      'Changes limits of a node while it runs. Answers when they hold and are written durably; they hold until an apply changes the limits of that node.',
    params: schemas.Parameters.node,
    body: resources.NodeLimits,
    response: resources.LimitsOutcome,
    status: 200,
    right: 'control',
    whole: true,
  },
  usage: {
    method: 'GET',
    path: '/v1/usage',
    summary: 'What a node and those below it use; all, without a path.',
    query: schemas.Parameters.usage,
    response: resources.Usage,
    status: 200,
    right: 'view',
  },
  spawn: {
    method: 'POST',
    path: '/v1/nodes/:path/children',
    summary: 'Adds a child to a supervisor and starts it.',
    params: schemas.Parameters.node,
    body: schemas.SpawnRequest,
    response: schemas.Spawned,
    status: 201,
    right: 'control',
  },
  call: {
    method: 'POST',
    path: '/v1/nodes/:path/call',
    summary: 'Calls an operation of a server.',
    params: schemas.Parameters.node,
    body: schemas.CallRequest,
    response: schemas.CallResult,
    status: 200,
    right: 'control',
  },
  send: {
    method: 'POST',
    path: '/v1/nodes/:path/send',
    summary: 'Sends a message.',
    params: schemas.Parameters.node,
    body: schemas.SendRequest,
    status: 204,
    right: 'control',
  },
  events: {
    method: 'GET',
    path: '/v1/events',
    summary: 'What happened and happens; from after an id (`after`, or `Last-Event-ID`).',
    query: schemas.Parameters.events,
    response: schemas.EventEntry,
    status: 200,
    streams: true,
    right: 'view',
  },
  logs: {
    method: 'GET',
    path: '/v1/logs',
    summary: 'What a node and those below it print and log; all, without a path.',
    query: schemas.Parameters.logs,
    response: schemas.LogLine,
    status: 200,
    streams: true,
    right: 'view',
  },
  metrics: {
    method: 'GET',
    path: '/v1/metrics',
    summary: 'What each node uses, and what the bridge has lost, for Prometheus.',
    response: access.Metrics,
    media: 'text/plain',
    status: 200,
    right: 'view',
  },
  makeToken: {
    method: 'POST',
    path: '/v1/tokens',
    summary:
      'Makes a token: a right to a node and what is below it, for who is not at the socket. It ends with the token by which it was made.',
    body: access.TokenRequest,
    response: access.MadeToken,
    status: 201,
    right: 'control',
  },
  tokens: {
    method: 'GET',
    path: '/v1/tokens',
    summary: 'Tokens that were made: by a token those made by it, and by those.',
    response: access.TokenList,
    status: 200,
    right: 'control',
  },
  revokeToken: {
    method: 'DELETE',
    path: '/v1/tokens/:id',
    summary: 'Ends a token, those that were made by it, and what they follow, at once.',
    params: access.AccessParameters.token,
    status: 204,
    right: 'control',
  },
  audit: {
    method: 'GET',
    path: '/v1/audit',
    summary:
      'Who has changed what, when, at which node, with which result: the last of it, of a node and those below, or of all.',
    query: access.AccessParameters.audit,
    response: access.AuditLog,
    status: 200,
    right: 'view',
    whole: true,
  },
  cluster: {
    method: 'GET',
    path: '/v1/cluster',
    summary: 'Who this host is, of which cluster, and what it knows of other hosts and their names.',
    response: cluster.ClusterStatus,
    status: 200,
    right: 'view',
    whole: true,
  },
  ownNames: {
    method: 'GET',
    path: '/v1/names',
    summary:
      'The names that isolated nodes have in common with themselves on other hosts; nothing of those hosts, and nothing of other nodes.',
    response: cluster.OwnNames,
    status: 200,
    right: 'view',
  },
  joinCluster: {
    method: 'POST',
    path: '/v1/cluster',
    summary: 'Makes the host a member of a cluster, durably; its bridge starts anew.',
    body: cluster.JoinRequest,
    response: cluster.ClusterStatus,
    status: 200,
    right: 'control',
    whole: true,
  },
  leaveCluster: {
    method: 'DELETE',
    path: '/v1/cluster',
    summary: 'Makes the host a member of no cluster; its key stays.',
    response: cluster.ClusterStatus,
    status: 200,
    right: 'control',
    whole: true,
  },
  followRevocations: {
    method: 'POST',
    path: '/v1/cluster/revoked',
    summary:
      'Takes a list of revoked hosts, durably: within seconds who stands on it is shut out here. An older one is refused.',
    body: cluster.RevocationRequest,
    response: cluster.ClusterStatus,
    status: 200,
    right: 'control',
    whole: true,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;
