/** Documents of the admin API about what nodes may use, and what they do use. */
import Type, { type Static } from 'typebox';
import { At, closed, NodePath } from './parts.js';

export const NodeLimits = Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]), {
  $id: 'NodeLimits',
  minProperties: 1,
  description:
    'As `limits` of a spec, those that can change while a node runs: docs/limits.md. What is not given stays.',
});
export type NodeLimits = Readonly<Static<typeof NodeLimits>>;

export const ChangedLimits = Type.Object(
  { path: NodePath, limits: NodeLimits },
  {
    ...closed,
    $id: 'ChangedLimits',
    description: 'They hold until an apply changes the limits of that node.',
  },
);
export type ChangedLimits = Readonly<Static<typeof ChangedLimits>>;

export const LimitsOutcome = Type.Object(
  {
    path: NodePath,
    now: Type.Array(Type.String(), { description: 'Limits that act from now on.' }),
    atRestart: Type.Array(Type.String(), { description: 'Limits of V8’s, which act from the next life on.' }),
    revision: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description:
        'The revision that has them. Null for a node that is not in the applied spec: nothing keeps its limits.',
    }),
  },
  { ...closed, $id: 'LimitsOutcome' },
);
export type LimitsOutcome = Readonly<Static<typeof LimitsOutcome>>;

const measured = (description: string) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description });

export const NodeUse = Type.Object(
  {
    path: NodePath,
    depth: Type.Integer({ minimum: 0, description: '0 for the one that was asked for.' }),
    kind: Type.Union([Type.Literal('supervisor'), Type.Literal('environment')]),
    state: Type.String(),
    heapMb: measured('Memory for objects, as read last.'),
    offHeapMb: measured('Buffers and the like, as read last.'),
    cpuMs: measured('Processor time of the present lives.'),
    processMb: measured('Of its process, where it has one of its own.'),
    printed: Type.Number({ minimum: 0, description: 'Characters printed in the present lives.' }),
    mailbox: measured('Messages that wait.'),
    mailboxBytes: measured('Bytes of those.'),
    inFlightBytes: measured('Bytes that were sent and wait for room, or for their receiver’s next life.'),
    received: measured('Messages received.'),
    sent: measured('Messages sent.'),
    pendingCalls: measured('Calls that are not answered yet.'),
    restarts: Type.Number({ minimum: 0, description: 'Since its supervisor has started.' }),
  },
  {
    ...closed,
    $id: 'NodeUse',
    description:
      'Of a supervisor the sums of all below. Null is what could not be read: it is not there yet, or hangs.',
  },
);
export type NodeUse = Readonly<Static<typeof NodeUse>>;

export const Usage = Type.Object(
  { at: At, nodes: Type.Array(NodeUse, { description: 'Each before those below it, in start order.' }) },
  { ...closed, $id: 'Usage' },
);
export type Usage = Readonly<Static<typeof Usage>>;
