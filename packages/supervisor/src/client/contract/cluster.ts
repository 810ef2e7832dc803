/** Documents of the admin API about the cluster that the host belongs to. */
import Type, { type Static } from 'typebox';
import { closed } from './parts.js';

const HostId = Type.String({
  pattern: '^[0-9a-f]{32}$',
  description: 'The fingerprint of the host’s key.',
});

const Brokers = Type.Array(
  Type.String({ pattern: '^amqps?://[^@]*$', maxLength: 200, description: 'Without user and password.' }),
  { maxItems: 4 },
);

export const JoinRequest = Type.Object(
  {
    ticket: Type.String({ maxLength: 4096, description: 'Made for the key of this host: `publicKey`.' }),
    brokers: Type.Optional(Brokers),
  },
  { ...closed, $id: 'JoinRequest' },
);
export type JoinRequest = Readonly<Static<typeof JoinRequest>>;

export const RevocationRequest = Type.Object(
  { list: Type.String({ maxLength: 1_000_000, description: 'As the root of the cluster has signed it.' }) },
  { ...closed, $id: 'RevocationRequest' },
);
export type RevocationRequest = Readonly<Static<typeof RevocationRequest>>;

export const ClusterHost = Type.Object(
  {
    host: HostId,
    isSelf: Type.Boolean(),
    brokers: Type.Array(Type.String(), { description: 'Where it says that the broker is.' }),
    names: Type.Integer({ minimum: 0, description: 'How many it offers.' }),
  },
  { ...closed, $id: 'ClusterHost' },
);
export type ClusterHost = Readonly<Static<typeof ClusterHost>>;

export const ClusterName = Type.Object(
  {
    name: Type.String(),
    namespace: Type.Union(
      [
        Type.Object(
          {
            id: Type.String({ description: 'The same on each host of the cluster.' }),
            path: Type.Union([Type.String(), Type.Null()], {
              description:
                'Of its node, from the root on. null: the tree here says `cluster` of no such node.',
            }),
          },
          closed,
        ),
        Type.Null(),
      ],
      { description: 'Whose name it is; null: of the trees’ own namespace, which all hosts share.' },
    ),
    holders: Type.Array(
      Type.Object(
        {
          host: HostId,
          isSelf: Type.Boolean(),
          holding: Type.Union([Type.Literal('unique'), Type.Literal('host'), Type.Literal('many')], {
            description:
              '`unique`: a durable name with one holder. `many`: a durable name with many. `host`: a transient name.',
          }),
          incarnation: Type.Integer({ description: 'Of a unique name the number of the holder’s term.' }),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'ClusterName' },
);
export type ClusterName = Readonly<Static<typeof ClusterName>>;

export const OwnName = Type.Object(
  {
    name: Type.String(),
    namespace: Type.String({ description: 'The path of its node.' }),
    here: Type.Boolean({ description: 'Whether this host offers it.' }),
    elsewhere: Type.Boolean({ description: 'Whether another one does.' }),
  },
  { ...closed, $id: 'OwnName' },
);
export type OwnName = Readonly<Static<typeof OwnName>>;

export const OwnNames = Type.Object(
  { names: Type.Array(OwnName, { description: 'Those that somebody offers.' }) },
  { ...closed, $id: 'OwnNames' },
);
export type OwnNames = Readonly<Static<typeof OwnNames>>;

const Losses = Type.Object(
  {
    undelivered: Type.Integer({ minimum: 0, description: 'Messages that will not arrive, or are in doubt.' }),
    missing: Type.Integer({
      minimum: 0,
      description: 'Frames, of 128 messages at most or none, that the broker had taken and nobody got.',
    }),
    dropped: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
      description: 'What came and was not taken, by reason.',
    }),
  },
  closed,
);

export const ClusterStatus = Type.Object(
  {
    host: HostId,
    publicKey: Type.String({ description: 'For who makes the ticket of this host.' }),
    cluster: Type.Union([HostId, Type.Null()], {
      description: 'The fingerprint of its root’s key; null: the host is a member of none.',
    }),
    bridge: Type.Union(
      [
        Type.Literal('off'),
        Type.Literal('absent'),
        Type.Literal('starting'),
        Type.Literal('connecting'),
        Type.Literal('connected'),
      ],
      {
        description:
          '`off`: the host is no member. `absent`: no tree with `cluster` runs here. `starting`: its bridge is being started, perhaps again and again. `connecting`, `connected`: to the broker.',
      },
    ),
    brokers: Type.Array(Type.String(), { description: 'Where the broker is, as far as it is known.' }),
    hosts: Type.Array(ClusterHost, { description: 'As the bridge knows them, by id.' }),
    names: Type.Array(ClusterName, { description: 'Those that somebody holds, by name.' }),
    lost: Type.Union([Losses, Type.Null()], {
      description:
        'What the bridge knows to be lost, since it was started. null: it does not answer, or is not there.',
    }),
    revocations: Type.Union(
      [
        Type.Object(
          {
            number: Type.Integer({ minimum: 0, description: 'Of the list that is followed; 0: none.' }),
            refused: Type.Integer({
              minimum: 0,
              description:
                'Questions for a newer list that another host has refused, or answered by what is none, since the start.',
            }),
          },
          closed,
        ),
        Type.Null(),
      ],
      { description: 'The list of revoked hosts. null: the bridge does not answer, or is not there.' },
    ),
    problems: Type.Array(
      Type.Object({ code: Type.String(), message: Type.String(), remedy: Type.String() }, closed),
      { description: 'What keeps the host from seeing others now.' },
    ),
  },
  { ...closed, $id: 'ClusterStatus' },
);
export type ClusterStatus = Readonly<Static<typeof ClusterStatus>>;
