/** Random supervisors and random events: against the model, and against what must hold in every interleaving. */
import { describe, expect, test } from '@jest/globals';
import type { ExitReason } from '@espalier/core';
import type {
  ChildSpec,
  Restart,
  Strategy,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import fc from 'fast-check';
import { child, CRASH, KILLED, NORMAL, SHUTDOWN, supervisor, World } from './interpreter.js';
import { Model, type ModelStart } from './model.js';
import { Tree } from './tree.js';

const restart = fc.constantFrom<Restart>('permanent', 'transient', 'temporary');
const strategy = fc.constantFrom<Strategy>('one_for_one', 'one_for_all', 'rest_for_one');
const reason = fc.constantFrom<ExitReason>(NORMAL, SHUTDOWN, CRASH, KILLED, {
  tag: 'limit',
  detail: 'heapMb',
});
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];

const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('end' as const), id: fc.constantFrom(...IDS), reason }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('terminate', 'restart', 'remove'),
      id: fc.constantFrom(...IDS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('add' as const), id: fc.constantFrom(...IDS), restart }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4000 }) }),
  },
);

describe('against the model', () => {
  test('the same things happen in the same order, with the same answers', () => {
    fc.assert(
      fc.property(
        fc.record({
          strategy,
          intensity: fc.integer({ min: 0, max: 6 }),
          autoShutdown: fc.constantFrom(
            'never' as const,
            'any_significant' as const,
            'all_significant' as const,
          ),
          children: fc.uniqueArray(
            fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), restart, wanted: fc.boolean() }),
            {
              selector: ({ id }) => id,
            },
          ),
        }),
        fc.array(fc.constantFrom<ModelStart>('ok', 'ok', 'ok', 'ok', 'fail', 'ignore'), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.array(command, { maxLength: 30 }),
        ({ strategy, intensity, autoShutdown, children }, outcomes, commands) => {
          const specs = children.map(({ id, restart, wanted }) => {
            return {
              id,
              restart,
              significant: wanted && restart !== 'permanent' && autoShutdown !== 'never',
            };
          });
          const outcome = (id: string, incarnation: number) =>
            outcomes[(id.charCodeAt(0) * 7 + incarnation * 3) % outcomes.length] ?? 'ok';
          const model = new Model({ strategy, intensity, periodMs: 5000, autoShutdown, outcome }, specs);
          const world = new World(
            supervisor(
              specs.map((spec) => child(spec.id, spec)),
              { strategy, intensity, autoShutdown },
            ),
          );
          const starts = new Map<string, number>();
          world.answerStart = (id, incarnation) => {
            starts.set(id, incarnation);
            const answer = outcome(id, incarnation);
            return answer === 'fail' ? CRASH : answer;
          };
          world.start();
          for (const step of commands) {
            if (model.over) break;
            let answers: unknown[] = [];
            if (step.do === 'end') {
              model.ends(step.id, step.reason);
              if (world.alive.has(step.id)) world.ends(step.id, step.reason);
            } else if (step.do === 'wait') {
              model.nowMs += step.ms;
              world.advance(step.ms);
            } else {
              answers = ask(model, world, step);
            }
            expect(answers[1]).toEqual(answers[0]);
            expect(world.log).toEqual(model.log);
            if (model.over) break;
            const running = model.children.map(({ id, runs }) => [id, runs ? 'running' : 'stopped']);
            expect(Object.entries(world.states())).toEqual(running);
          }
          if (!model.over) {
            model.stop();
            world.stop();
          }
          expect(world.log).toEqual(model.log);
          expect(world.over).toBe(true);
          for (const parked of world.parked.values()) expect(typeof parked).toBe('boolean');
        },
      ),
      { numRuns: 600 },
    );
  });
});

type Ask =
  | { readonly do: string; readonly id: string; readonly restart?: never }
  | { readonly do: 'add'; readonly id: string; readonly restart: Restart };

function ask(model: Model, world: World, step: Ask): [string, string] {
  const { id } = step;
  const said = (result: ReturnType<World['ask']>) => (result.ok ? 'ok' : result.error);
  if (step.restart !== undefined) {
    return [
      model.add(id, step.restart),
      said(world.ask({ op: 'startChild', child: child(id, { restart: step.restart }) })),
    ];
  }
  if (step.do === 'terminate') return [model.terminate(id), said(world.ask({ op: 'terminateChild', id }))];
  if (step.do === 'restart') return [model.restart(id), said(world.ask({ op: 'restartChild', id }))];
  return [model.remove(id), said(world.ask({ op: 'deleteChild', id }))];
}

const version = fc.constantFrom('1', '2');
const backoff = { initialMs: 10, factor: 2, maxMs: 100, jitter: 0.1, resetAfterMs: 100 };

/** Trees of supervisors up to four deep; the last level holds leaves only. */
function tree(depth: number): fc.Arbitrary<SupervisorSpec> {
  const leaf = fc
    .record({ restart, wanted: fc.boolean(), brutal: fc.boolean(), version })
    .map((made) => ({ ...made, below: null }));
  const inner =
    depth === 0
      ? leaf
      : fc.oneof(
          { weight: 2, arbitrary: leaf },
          {
            weight: 1,
            arbitrary: fc.record({
              restart,
              wanted: fc.boolean(),
              brutal: fc.boolean(),
              version,
              below: tree(depth - 1),
            }),
          },
        );
  return fc
    .record({
      strategy: fc.constantFrom<Strategy>('one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'),
      intensity: fc.integer({ min: 0, max: 3 }),
      auto: fc.boolean(),
      slow: fc.boolean(),
      nodes: fc.array(inner, { minLength: 1, maxLength: 4 }),
    })
    .map(({ strategy, intensity, auto, slow, nodes }) => {
      const dynamic = strategy === 'simple_one_for_one';
      const autoShutdown = auto && !dynamic ? 'any_significant' : 'never';
      const children = nodes.slice(0, dynamic ? 1 : 4).map((node, i): ChildSpec => {
        const significant = node.wanted && autoShutdown !== 'never' && node.restart !== 'permanent';
        const over = {
          restart: node.restart,
          significant,
          shutdown: node.brutal ? ('brutal_kill' as const) : 50,
        };
        return child(
          `n${i}`,
          node.below === null
            ? { ...over, version: node.version }
            : {
                ...over,
                kind: 'supervisor',
                start: { spec: node.below },
                version: JSON.stringify(node.below),
              },
        );
      });
      return supervisor(children, { strategy, intensity, autoShutdown, backoff: slow ? backoff : null });
    });
}

const moves = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'answer',
      'answer',
      'answer',
      'fail',
      'end',
      'end',
      'timer',
      'request',
      'request',
      'apply',
      'wait',
    ),
    pick: fc.nat(),
    reason,
  }),
  { maxLength: 80 },
);

describe('in every interleaving', () => {
  test('trees of supervisors keep the contract, answer every request once and come to an end', () => {
    fc.assert(
      fc.property(
        tree(3),
        fc.array(tree(3), { minLength: 1 }),
        moves,
        fc.boolean(),
        fc.boolean(),
        (spec, targets, moves, isQuiet, brutal) => {
          const world = new Tree(spec);
          world.send(world.root, { type: 'start', nowMs: 0 });
          for (const { kind, pick, reason } of moves) {
            if (kind === 'answer' || kind === 'fail') {
              const answer = world.answers[pick % world.answers.length];
              if (answer !== undefined) world.answer(answer, kind === 'fail' ? CRASH : undefined);
            } else if (kind === 'end') {
              const running = [...world.leaves].filter((leaf) => leaf.running);
              const leaf = running[pick % running.length];
              if (leaf !== undefined) world.ends(leaf, reason);
            } else if (kind === 'timer') {
              const timers = [...world.timers];
              const timer = timers[pick % timers.length];
              if (timer === undefined) continue;
              world.timers.delete(timer[0]);
              world.send(timer[1].node, { type: 'timer', key: timer[1].key, nowMs: world.nowMs });
            } else if (kind === 'wait') {
              world.nowMs += pick % 6000;
            } else if (kind === 'apply') {
              const target = targets[pick % targets.length] ?? spec;
              world.ask(world.root, { op: 'apply', spec: target, stepwise: false }, () => undefined);
            } else {
              const all = world.supervisors();
              const node = all[pick % all.length];
              if (node === undefined) continue;
              const id = ['n0', 'n1', 'n2', '#1', '#2'][pick % 5] ?? 'n0';
              const extra = { op: 'startChild', extra: undefined } as const;
              const change = {
                op: (['terminateChild', 'restartChild', 'deleteChild'] as const)[pick % 3] ?? 'restartChild',
                id,
              };
              const added = { op: 'startChild', child: child(id) } as const;
              const operation = [extra, change, extra, change, added][(pick >> 3) % 5] ?? extra;
              world.ask(node, operation, () => undefined);
            }
            for (const node of world.supervisors()) checkTask(node);
          }
          // Nobody waits for anything but children.
          if (isQuiet) {
            world.answerAll();
            expect(world.unanswered).toBe(0);
          }
          world.send(world.root, { type: brutal ? 'kill' : 'stop', nowMs: world.nowMs });
          world.answerAll();
          expect(world.outcome).toMatch(/^(ended|failed) (shutdown|killed)$/);
          expect(world.leaves.size).toBe(0);
          expect(world.timers.size).toBe(0);
          expect(world.unanswered).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('an escalation goes up five levels, each level using up its own intensity', () => {
    let spec = supervisor([child('leaf')], { intensity: 1 });
    for (let i = 0; i < 4; i += 1)
      spec = supervisor([child('below', { kind: 'supervisor', start: { spec } })], { intensity: 1 });
    const world = new Tree(spec);
    world.send(world.root, { type: 'start', nowMs: 0 });
    world.answerAll();
    let crashes = 0;
    for (let leaf = [...world.leaves][0]; leaf !== undefined; leaf = [...world.leaves][0]) {
      world.ends(leaf, CRASH);
      crashes += 1;
      world.answerAll();
    }
    // A level that survives one failure doubles what it takes to bring down the level above it.
    expect(crashes).toBe(2 ** 5);
    expect(world.outcome).toBe('ended shutdown');
    expect(world.log.filter((line) => line === 'root/below/below/below/below ended shutdown')).toHaveLength(
      2 ** 4,
    );
  });
});

/** One operation at a time: unless all are stopped at once, at most one child is on its way up or down. */
function checkTask(node: { readonly path: string; readonly state: unknown }): void {
  const state = node.state as {
    task: { parallel: boolean; waiting: Set<unknown> } | null;
    children: Map<string, { status: string }>;
  };
  if (state.task === null) {
    for (const { status } of state.children.values()) expect([node.path, status]).not.toContain('stopping');
  } else if (!state.task.parallel) expect(state.task.waiting.size).toBeLessThanOrEqual(1);
}
