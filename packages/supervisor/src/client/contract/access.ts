/** Documents of the admin API about who may ask what, and who has. */
import Type, { type Static } from 'typebox';
import { At, closed, EntryId, NodePath } from './parts.js';

export const Right = Type.Union([Type.Literal('view'), Type.Literal('control')], {
  description: '`view`: whatever changes nothing. `control`: everything else as well.',
});
export type Right = Static<typeof Right>;

const TokenId = Type.String({ pattern: '^[0-9a-f]{16}$', description: 'Tells nothing of its secret.' });

const Label = Type.String({ maxLength: 255, description: 'For people: whose it is.' });

const Subtree = Type.Union([NodePath, Type.Null()], {
  description: 'Of the node that it is for, with all below; null: for all that its maker sees.',
});

export const TokenRequest = Type.Object(
  { label: Type.Optional(Label), path: Type.Optional(Subtree), right: Right },
  { ...closed, $id: 'TokenRequest' },
);
export type TokenRequest = Readonly<Static<typeof TokenRequest>>;

export const Token = Type.Object(
  { id: TokenId, label: Label, path: Subtree, right: Right, at: At },
  { ...closed, $id: 'Token' },
);
export type Token = Readonly<Static<typeof Token>>;

export const MadeToken = Type.Object(
  {
    ...Token.properties,
    token: Type.String({ description: 'For `Authorization: Bearer`. It is told here and never again.' }),
  },
  { ...closed, $id: 'MadeToken' },
);
export type MadeToken = Readonly<Static<typeof MadeToken>>;

export const TokenList = Type.Object(
  { tokens: Type.Array(Token, { description: 'Those that one may revoke; the oldest first.' }) },
  { ...closed, $id: 'TokenList' },
);
export type TokenList = Readonly<Static<typeof TokenList>>;

export const AuditEntry = Type.Object(
  {
    id: EntryId,
    at: At,
    by: Type.String({
      description: '`uid:` and the user of the daemon, on its socket; else `token:` and an id.',
    }),
    operation: Type.String(),
    path: Type.String({ description: 'Of the node; empty where it is about none.' }),
    result: Type.Union([Type.String(), Type.Null()], {
      description:
        '`ok`, or the code of the problem. Null: under way, or the daemon ended before it was over.',
    }),
    tookMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  },
  { ...closed, $id: 'AuditEntry' },
);
export type AuditEntry = Readonly<Static<typeof AuditEntry>>;

export const AuditLog = Type.Object(
  { entries: Type.Array(AuditEntry, { description: 'The oldest first.' }) },
  { ...closed, $id: 'AuditLog' },
);
export type AuditLog = Readonly<Static<typeof AuditLog>>;

export const Metrics = Type.String({
  $id: 'Metrics',
  description: 'In the text format of Prometheus, 0.0.4.',
});

export const AccessParameters = {
  token: Type.Object({ id: TokenId }, closed),
  audit: Type.Object(
    {
      path: Type.Optional(NodePath),
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      lines: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
    },
    closed,
  ),
} as const;
