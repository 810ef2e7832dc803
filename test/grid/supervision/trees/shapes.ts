/** Random trees and what random things happen to them. */
import type { ExitTag } from '@espalier/core';
import type { AutoShutdown, Restart, Strategy } from '@espalier/core/internal/supervisor-logic.js';
import fc from 'fast-check';

/** What a start of a leaf comes to. */
export type Outcome = 'ok' | 'fail' | 'ignore';

interface ChildShape {
  readonly restart: Restart;
  readonly significant: boolean;
}

export interface LeafShape extends ChildShape {
  readonly kind: 'leaf';
  readonly brutal: boolean;
  /** Of its starts, one after another, and again from the beginning. */
  readonly outcomes: readonly Outcome[];
}

export interface SupervisorShape extends ChildShape {
  readonly kind: 'supervisor';
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly autoShutdown: AutoShutdown;
  readonly backoff: boolean;
  /** Their ids are `n0`, `n1`, …; one alone, a leaf, with `simple_one_for_one`. */
  readonly children: readonly NodeShape[];
}

export type NodeShape = LeafShape | SupervisorShape;

export const PERIOD_MS = 5000;
export const BACKOFF = { initialMs: 100, factor: 2, maxMs: 1000, jitter: 0, resetAfterMs: 3000 };

export type Command =
  | { readonly do: 'end'; readonly pick: number; readonly tag: ExitTag; readonly asked: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'terminateChild' | 'restartChild' | 'deleteChild' | 'startChild';
      readonly pick: number;
      readonly child: number;
      readonly added: LeafShape;
    };

const restart = fc.constantFrom<Restart>('permanent', 'permanent', 'transient', 'temporary');

const leaf = fc.record({
  kind: fc.constant('leaf' as const),
  restart,
  significant: fc.boolean(),
  brutal: fc.boolean(),
  outcomes: fc
    .array(fc.constantFrom<Outcome>('ok', 'ok', 'ok', 'fail', 'ignore'), { maxLength: 4 })
    // Most trees come up.
    .map((later): readonly Outcome[] => ['ok', ...later]),
});

function supervisor(depth: number): fc.Arbitrary<SupervisorShape> {
  const node: fc.Arbitrary<NodeShape> =
    depth === 0
      ? leaf
      : fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: supervisor(depth - 1) });
  return fc
    .record({
      restart,
      significant: fc.boolean(),
      strategy: fc.constantFrom<Strategy>(
        ...(['one_for_one', 'one_for_all', 'rest_for_one'] as const),
        ...(['one_for_one', 'one_for_all', 'rest_for_one'] as const),
        'simple_one_for_one',
      ),
      intensity: fc.integer({ min: 0, max: 5 }),
      autoShutdown: fc.constantFrom<AutoShutdown>('never', 'never', 'any_significant', 'all_significant'),
      backoff: fc.boolean(),
      children: fc.array(node, { minLength: 1, maxLength: 4 }),
      template: leaf,
    })
    .map(({ template, children, ...shape }): SupervisorShape => {
      const dynamic = shape.strategy === 'simple_one_for_one';
      const autoShutdown = dynamic ? 'never' : shape.autoShutdown;
      const fits = (child: NodeShape): NodeShape => ({
        ...child,
        significant: child.significant && child.restart !== 'permanent' && autoShutdown !== 'never',
      });
      return {
        kind: 'supervisor',
        ...shape,
        autoShutdown,
        children: (dynamic ? [template] : children).map(fits),
      };
    });
}

/** Up to four levels of supervisors. */
export const tree = supervisor(3);

export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      pick: fc.nat(1000),
      tag: fc.constantFrom<ExitTag>('normal', 'shutdown', 'error', 'error', 'killed', 'limit'),
      asked: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('terminateChild', 'restartChild', 'deleteChild', 'startChild', 'startChild'),
      pick: fc.nat(1000),
      child: fc.nat(1000),
      added: leaf.map((shape) => ({ ...shape, significant: false })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4000 }) }),
  },
);
