/**
 * The documents of the admin API, once: the daemon checks requests by these schemas and derives its OpenAPI
 * document from them, and the types of the client are read off them.
 */
import Type, { type Static } from 'typebox';
import { At, closed, EntryId, NodePath } from './parts.js';
import { ChangedLimits, NodeLimits } from './resources.js';

export const DaemonStatus = Type.Object(
  {
    version: Type.String(),
    tree: Type.Union([Type.String(), Type.Null()], { description: 'Its name; null if there is none yet.' }),
    state: Type.Union(
      [
        Type.Literal('empty'),
        Type.Literal('starting'),
        Type.Literal('running'),
        Type.Literal('ended'),
        Type.Literal('failed'),
      ],
      {
        description:
          '`empty`: nothing was applied yet. `starting`: what was applied last is being started again. `ended`: the tree gave up or has done its work. `failed`: the last applied spec could not be started again.',
      },
    ),
    revision: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'The last applied revision.',
    }),
    reason: Type.Optional(Type.String({ description: 'Why it has ended or failed.' })),
    startedAt: At,
  },
  { ...closed, $id: 'DaemonStatus' },
);
export type DaemonStatus = Readonly<Static<typeof DaemonStatus>>;

export const TreeNode = Type.Object(
  {
    path: Type.String(),
    /** 0 for the root. */
    depth: Type.Integer({ minimum: 0 }),
    kind: Type.Union([Type.Literal('supervisor'), Type.Literal('environment')]),
    state: Type.String({ description: '`running`, `suspended`, `booting`, … as the kernel knows it.' }),
  },
  { ...closed, $id: 'TreeNode' },
);
export type TreeNode = Readonly<Static<typeof TreeNode>>;

export const Tree = Type.Object(
  { nodes: Type.Array(TreeNode, { description: 'Each before those below it, in start order.' }) },
  { ...closed, $id: 'Tree' },
);
export type Tree = Readonly<Static<typeof Tree>>;

export const NodeDetails = Type.Object(
  {
    ...TreeNode.properties,
    incarnation: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'Counts its starts; null for what its supervisor does not list.',
    }),
    spec: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
      description:
        'With every default filled in, without `args`, `bindings`, values of `env` and what is below; null for the root and for what was spawned by an environment.',
    }),
    statistics: Type.Union([Type.Record(Type.String(), Type.Number()), Type.Null()], {
      description: 'Of its mailbox; null for supervisors and for what does not run.',
    }),
    limits: Type.Union([NodeLimits, Type.Null()], {
      description: 'Those that were changed while it runs: they hold in place of those of its spec.',
    }),
  },
  { ...closed, $id: 'NodeDetails' },
);
export type NodeDetails = Readonly<Static<typeof NodeDetails>>;

export const Node = Type.Object({ path: NodePath }, { ...closed, $id: 'Node' });
export type Node = Readonly<Static<typeof Node>>;

export const ApplyRequest = Type.Object(
  {
    text: Type.String({ description: 'A tree spec in YAML or JSON.' }),
    base: Type.String({
      description: 'The folder that relative modules are taken from, as a `file:` URL.',
      pattern: '^file:///',
      maxLength: 8192,
    }),
    source: Type.Optional(
      Type.String({ description: 'For people: where the text comes from.', maxLength: 8192 }),
    ),
    check: Type.Optional(Type.Boolean({ description: 'Only tells the difference. False by default.' })),
  },
  { ...closed, $id: 'ApplyRequest' },
);
export type ApplyRequest = Readonly<Static<typeof ApplyRequest>>;

export const ApplyOutcome = Type.Object(
  {
    outcome: Type.Union([Type.Literal('applied'), Type.Literal('unchanged'), Type.Literal('checked')]),
    revision: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'The revision that the tree runs by now.',
    }),
    changes: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
      description: 'One for each node; values of `args`, `env` and `bindings` are left out.',
    }),
    description: Type.String({ description: 'The changes as lines for people.' }),
  },
  { ...closed, $id: 'ApplyOutcome' },
);
export type ApplyOutcome = Readonly<Static<typeof ApplyOutcome>>;

export const RollbackRequest = Type.Object(
  {
    revision: Type.Optional(Type.Integer({ minimum: 1, description: 'By default the one before the last.' })),
    check: Type.Optional(Type.Boolean()),
  },
  { ...closed, $id: 'RollbackRequest' },
);
export type RollbackRequest = Readonly<Static<typeof RollbackRequest>>;

export const Revision = Type.Object(
  {
    revision: Type.Integer({ minimum: 1 }),
    at: At,
    tree: Type.String(),
    source: Type.Union([Type.String(), Type.Null()]),
    base: Type.String(),
    summary: Type.String({ description: 'What it changed, in a line.' }),
    rollbackTo: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'The revision whose text and limits it took up again.',
    }),
    limits: Type.Array(ChangedLimits, {
      description: 'Changed while the tree ran: they hold in place of those of the text.',
    }),
  },
  { ...closed, $id: 'Revision' },
);
export type Revision = Readonly<Static<typeof Revision>>;

export const History = Type.Object(
  { revisions: Type.Array(Revision, { description: 'The newest first.' }) },
  { ...closed, $id: 'History' },
);
export type History = Readonly<Static<typeof History>>;

export const RevisionWithText = Type.Object(
  { ...Revision.properties, text: Type.String() },
  { ...closed, $id: 'RevisionWithText' },
);
export type RevisionWithText = Readonly<Static<typeof RevisionWithText>>;

export const SpawnRequest = Type.Object(
  {
    child: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          'A node as in a tree spec, its modules by absolute `file:` URL or package. None under `simple_one_for_one`, which has a template.',
      }),
    ),
    args: Type.Optional(Type.Unknown({ description: 'For a child of a template.' })),
  },
  { ...closed, $id: 'SpawnRequest' },
);
export type SpawnRequest = Readonly<Static<typeof SpawnRequest>>;

export const Spawned = Type.Object(
  {
    path: Type.Union([Type.String(), Type.Null()], {
      description: 'Null if the child said that it does not want to run.',
    }),
  },
  { ...closed, $id: 'Spawned' },
);
export type Spawned = Readonly<Static<typeof Spawned>>;

export const CallRequest = Type.Object(
  {
    operation: Type.String({ minLength: 1, maxLength: 255 }),
    parameters: Type.Optional(Type.Array(Type.Unknown())),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600_000, default: 5000 })),
  },
  { ...closed, $id: 'CallRequest' },
);
export type CallRequest = Readonly<Static<typeof CallRequest>>;

export const CallResult = Type.Object(
  {
    value: Type.Optional(
      Type.Unknown({ description: 'As JSON; what JSON has no form for, as text. None for undefined.' }),
    ),
  },
  { ...closed, $id: 'CallResult' },
);
export type CallResult = Readonly<Static<typeof CallResult>>;

export const SendRequest = Type.Object({ value: Type.Unknown() }, { ...closed, $id: 'SendRequest' });
export type SendRequest = Readonly<Static<typeof SendRequest>>;

export const EventEntry = Type.Object(
  {
    id: EntryId,
    at: At,
    level: Type.Union([Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')]),
    event: Type.String({ description: 'As in docs/supervision.md: `started`, `failed`, …' }),
    path: Type.String(),
  },
  { additionalProperties: true, $id: 'EventEntry', description: 'With what the event tells besides.' },
);
export type EventEntry = Readonly<Static<typeof EventEntry>> & { readonly [fact: string]: unknown };

export const LogStream = Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('log')]);
export type LogStream = Static<typeof LogStream>;

const LogLevel = Type.Union([
  Type.Literal('debug'),
  Type.Literal('info'),
  Type.Literal('warn'),
  Type.Literal('error'),
]);

export const LogLine = Type.Object(
  {
    id: EntryId,
    at: At,
    path: Type.String(),
    stream: LogStream,
    text: Type.String(),
    level: Type.Optional(LogLevel),
    fields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    incomplete: Type.Optional(
      Type.String({ description: 'Why the text is cut off, or the fields are left out.' }),
    ),
    progress: Type.Optional(
      Type.Literal(true, {
        description:
          'It is no line of the output, but stands until the environment prints something else; it is not kept.',
      }),
    ),
  },
  {
    ...closed,
    $id: 'LogLine',
    description: 'Of stream `log` each is one record, with its level and its fields.',
  },
);
export type LogLine = Readonly<Static<typeof LogLine>>;

export const Missed = Type.Object(
  { after: EntryId },
  {
    ...closed,
    $id: 'Missed',
    description: 'Some of what came after that id is not kept any more: the stream goes on behind a gap.',
  },
);
export type Missed = Readonly<Static<typeof Missed>>;

export const Health = Type.Object({ status: Type.Literal('ok') }, { ...closed, $id: 'Health' });
export type Health = Readonly<Static<typeof Health>>;

export const OpenApiDocument = Type.Record(Type.String(), Type.Unknown(), { $id: 'OpenApiDocument' });

const ProblemDetail = Type.Object(
  {
    path: Type.String(),
    value: Type.Optional(Type.Unknown()),
    problem: Type.String(),
    remedy: Type.String(),
    line: Type.Optional(Type.Integer()),
    column: Type.Optional(Type.Integer()),
  },
  closed,
);

export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:espalier:problem:` and the code.' }),
    title: Type.String({ description: 'What the code means.' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    code: Type.String({ description: 'As in docs/errors.md.' }),
    remedy: Type.String(),
    field: Type.Optional(Type.String()),
    value: Type.Optional(Type.Unknown()),
    path: Type.Optional(Type.String()),
    reason: Type.Optional(
      Type.Object(
        { tag: Type.String(), detail: Type.Optional(Type.Unknown()) },
        { ...closed, description: 'Why an environment ended, where that is the cause.' },
      ),
    ),
    problems: Type.Optional(Type.Array(ProblemDetail, { description: 'Everything wrong with a spec.' })),
  },
  { ...closed, $id: 'Problem', description: 'RFC 9457.' },
);
export type Problem = Readonly<Static<typeof Problem>>;

export const Parameters = {
  usage: Type.Object({ path: Type.Optional(NodePath) }, closed),
  node: Type.Object({ path: NodePath }, closed),
  revision: Type.Object({ revision: Type.Integer({ minimum: 1 }) }, closed),
  events: Type.Object(
    {
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      follow: Type.Optional(Type.Boolean({ default: false })),
    },
    closed,
  ),
  logs: Type.Object(
    {
      path: Type.Optional(NodePath),
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, default: 1000 })),
      stream: Type.Optional(LogStream),
      follow: Type.Optional(Type.Boolean({ default: false })),
      progress: Type.Optional(
        Type.Boolean({
          default: false,
          description: 'Texts that end with a carriage return as well, as they come.',
        }),
      ),
    },
    closed,
  ),
} as const;
