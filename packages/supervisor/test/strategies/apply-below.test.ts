/** Re-apply where supervisors lie below supervisors: one operation for all of them, a step at a time. */
import { describe, expect, test } from '@jest/globals';
import type {
  ChildSpec,
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { child, CRASH, supervisor } from './interpreter.js';
import { Tree } from './tree.js';

const DONE = { ok: true, value: null };

function below(id: string, children: readonly ChildSpec[], over: Partial<SupervisorSpec> = {}): ChildSpec {
  const spec = supervisor(children, over);
  return child(id, { kind: 'supervisor', name: null, start: { spec }, version: JSON.stringify(spec) });
}

const second = (id: string): ChildSpec => child(id, { version: '2' });

class Applied extends Tree {
  result: SupervisorResult | undefined;

  /** What is asked of leaves waits until `answer` or `answerAll`. */
  apply(children: readonly ChildSpec[], over: Partial<SupervisorSpec> = {}): void {
    this.result = undefined;
    const operation: SupervisorOperation = { op: 'apply', spec: supervisor(children, over), stepwise: false };
    this.ask(this.root, operation, (result) => {
      this.result = result;
    });
  }

  /** What happened since the last call, without the root's name. */
  news(): string[] {
    return this.log.splice(0).map((line) => line.replace('root/', ''));
  }

  /** Leaves do what they are told, but those of this id fail to start. */
  answerAllBut(failing: string): void {
    for (let next = this.answers[0]; next !== undefined; next = this.answers[0]) {
      this.answer(next, next.what === 'start' && next.node.id === failing ? CRASH : undefined);
    }
  }

  leaf(path: string) {
    const leaf = [...this.leaves].find((each) => each.path === `root/${path}`);
    if (leaf === undefined) throw new Error(`${path} is not there`);
    return leaf;
  }
}

function up(children: readonly ChildSpec[], over: Partial<SupervisorSpec> = {}): Applied {
  const tree = new Applied(supervisor(children, over));
  tree.send(tree.root, { type: 'start', nowMs: 0 });
  tree.answerAll();
  tree.news();
  return tree;
}

describe('an apply that goes below', () => {
  test('stops everything in the whole tree before it starts anything, so what moves is never there twice', () => {
    const tree = up([below('x', [child('a')]), below('y', [child('b')])]);
    tree.apply([below('x', [child('b')]), below('y', [child('a')])]);
    tree.answerAll();
    expect(tree.news()).toEqual(['stop y/b', 'stop x/a', 'start x/b', 'start y/a']);
    expect(tree.result).toEqual(DONE);
  });

  test('leaves alone whom it has nothing to say to: they go on restarting while it waits', () => {
    const tree = up([below('same', [child('a')]), below('other', [child('b')])]);
    tree.apply([below('same', [child('a')]), below('other', [second('b')])]);
    expect(tree.news()).toEqual(['stop other/b']);
    tree.ends(tree.leaf('same/a'), CRASH);
    expect(tree.news()).toEqual(['start same/a']);
    tree.answerAll();
    expect(tree.result).toEqual(DONE);
  });

  test('a supervisor that has done its part holds until all have: a crash below it is dealt with afterwards', () => {
    const tree = up([below('x', [child('a'), child('b')]), child('last')]);
    tree.apply([below('x', [second('a'), child('b')]), second('last')]);
    const next = () => tree.answers[0] && tree.answer(tree.answers[0]);
    next();
    next();
    next();
    expect(tree.news()).toEqual(['stop last', 'stop x/a', 'start x/a', 'start last']);
    tree.ends(tree.leaf('x/b'), CRASH);
    expect(tree.news()).toEqual([]);
    next();
    expect(tree.result).toEqual(DONE);
    expect(tree.news()).toEqual(['start x/b']);
  });

  test('restarts a supervisor as a whole where its group is restarted, as its new self', () => {
    const tree = up([child('a'), below('x', [child('b'), child('c')])], { strategy: 'rest_for_one' });
    tree.apply([second('a'), below('x', [child('b'), second('d')])], { strategy: 'rest_for_one' });
    tree.answerAll();
    expect(tree.news()).toEqual([
      ...['stop x/c', 'stop x/b', 'root/x ended shutdown'].map((line) => line.replace('root/', '')),
      ...['stop a', 'start a', 'start x/b', 'start x/d'],
    ]);
  });

  test('what a supervisor is restarted with later is the new spec', () => {
    const tree = up([below('x', [child('a')], { intensity: 0 })], { intensity: 1 });
    tree.apply([below('x', [child('a'), child('b')], { intensity: 0 })], { intensity: 1 });
    tree.answerAll();
    tree.news();
    tree.ends(tree.leaf('x/a'), CRASH);
    tree.answerAll();
    expect(tree.news()).toEqual(['stop x/b', 'x ended shutdown', 'start x/a', 'start x/b']);
  });

  test('is over when those below have been let go: the next one finds them as it needs them', () => {
    const tree = up([below('x', [child('a')])]);
    const results: boolean[] = [];
    for (const children of [[below('x', [child('b')])], [child('x')]]) {
      const operation = { op: 'apply', spec: supervisor(children), stepwise: false } as const;
      tree.ask(tree.root, operation, ({ ok }) => results.push(ok));
    }
    tree.answerAll();
    expect(results).toEqual([true, true]);
    expect(tree.news()).toEqual(['stop x/a', 'start x/b', 'stop x/b', 'x ended shutdown', 'start x']);
  });

  test('goes back everywhere when one start fails, and says which', () => {
    const tree = up([below('x', [child('a')]), below('y', [below('z', [child('b')])]), child('c')]);
    tree.apply([
      below('x', [second('a')]),
      below('y', [below('z', [child('b'), child('bad')])]),
      second('c'),
    ]);
    tree.answerAllBut('bad');
    expect(tree.news()).toEqual([
      ...['stop c', 'stop x/a', 'start x/a', 'start y/z/bad'],
      ...['stop x/a', 'start x/a', 'start c'],
    ]);
    const failed = (id: string, reason: unknown) => ({
      tag: 'shutdown',
      detail: { failedToStart: id, reason },
    });
    const reason = failed('y', failed('z', failed('bad', CRASH)));
    expect(tree.result).toEqual({ ok: false, error: 'start_failed', reason, restored: true });
    // Nobody holds any more.
    for (const leaf of ['x/a', 'y/z/b', 'c']) tree.ends(tree.leaf(leaf), CRASH);
    tree.answerAll();
    expect(tree.news()).toEqual(['start x/a', 'start y/z/b', 'start c']);
  });

  test('says so when what is below does not come back', () => {
    const tree = up([below('x', [child('a')], { intensity: 3 }), child('b')]);
    tree.apply([below('x', [second('a')], { intensity: 3 }), child('b'), child('bad')]);
    let first = true;
    for (let next = tree.answers[0]; next !== undefined; next = tree.answers[0]) {
      const back = next.node.id === 'a' && next.what === 'start' && next.node.incarnation === 3;
      const fails = next.node.id === 'bad' || (back && first);
      if (back) first = false;
      tree.answer(next, next.what === 'start' && fails ? CRASH : undefined);
    }
    expect(tree.result).toMatchObject({ ok: false, restored: false });
    expect(tree.news().at(-1)).toBe('start x/a');
    expect(tree.leaf('x/a').running).toBe(true);
  });

  test('a supervisor that was restarted on the way is restarted again on the way back', () => {
    const tree = up([below('x', [child('a')]), child('b')]);
    // Only the new strategy takes x along, so on the way back nobody else would.
    tree.apply([below('x', [child('n')]), second('b'), child('bad')], { strategy: 'one_for_all' });
    tree.answerAllBut('bad');
    expect(tree.news()).toEqual([
      ...['stop b', 'stop x/a', 'x ended shutdown', 'start x/n', 'start b', 'start bad'],
      ...['stop b', 'stop x/n', 'x ended shutdown', 'start x/a', 'start b'],
    ]);
    expect(tree.result).toMatchObject({ restored: true });
  });

  test('a supervisor that an administrator had stopped is stopped again on the way back', () => {
    const tree = up([child('a'), below('x', [child('b')])], { strategy: 'one_for_all' });
    tree.ask(tree.root, { op: 'terminateChild', id: 'x' }, () => undefined);
    tree.answerAll();
    tree.news();
    tree.apply([second('a'), below('x', [child('c')]), child('bad')], { strategy: 'one_for_all' });
    tree.answerAllBut('bad');
    expect(tree.news()).toEqual([
      ...['stop a', 'start a', 'start x/c', 'start bad'],
      ...['stop x/c', 'x ended shutdown', 'stop a', 'start a'],
    ]);
    expect(tree.leaves.size).toBe(1);
  });

  test('a supervisor whose restart waits goes on waiting, there and back', () => {
    const backoff = { initialMs: 100, factor: 2, maxMs: 1000, jitter: 0, resetAfterMs: 1000 };
    const over = { backoff, strategy: 'one_for_all' } as const;
    const tree = up([child('a'), below('x', [child('b')], { intensity: 0 })], over);
    tree.ends(tree.leaf('x/b'), CRASH);
    tree.answerAll();
    tree.news();
    tree.apply([child('a'), below('x', [child('c')], { intensity: 0 }), child('bad')], over);
    tree.answerAllBut('bad');
    expect(tree.result).toMatchObject({ ok: false, restored: true });
    expect(tree.news()).toEqual(['start bad']);
    expect(tree.timers.size).toBe(1);
  });

  test('one that is restarted just now applies when it is through with that', () => {
    const tree = up([below('x', [child('a'), child('b')])]);
    tree.ends(tree.leaf('x/a'), CRASH);
    tree.apply([below('x', [child('a'), second('b')])]);
    expect(tree.news()).toEqual(['start x/a']);
    tree.answerAll();
    expect(tree.news()).toEqual(['stop x/b', 'start x/b']);
    expect(tree.result).toEqual(DONE);
  });

  test('one that gives up before its turn is no failure: it is restarted as its new self', () => {
    const tree = up([below('x', [child('a'), child('b')], { intensity: 0 }), child('c')]);
    const held = [below('x', [child('a'), child('new')], { intensity: 0 }), second('c')];
    tree.apply(held);
    expect(tree.news()).toEqual(['stop c']);
    tree.ends(tree.leaf('x/a'), CRASH);
    tree.answerAll();
    expect(tree.result).toEqual(DONE);
    // Nothing is started while x is ending: it may still hold what others are to have.
    expect(tree.news()).toEqual(['stop x/b', 'x ended shutdown', 'start c', 'start x/a', 'start x/new']);
  });

  test('one that does not run gets its new spec and stays where it is', () => {
    const tree = up([below('x', [child('a')])]);
    tree.ask(tree.root, { op: 'terminateChild', id: 'x' }, () => undefined);
    tree.answerAll();
    tree.news();
    tree.apply([below('x', [child('b')])]);
    expect(tree.result).toEqual(DONE);
    expect(tree.news()).toEqual([]);
    tree.ask(tree.root, { op: 'restartChild', id: 'x' }, () => undefined);
    expect(tree.news()).toEqual(['start x/b']);
  });

  test('supervisors made from a template are changed below, each', () => {
    const simple = { strategy: 'simple_one_for_one' } as const;
    const tree = up([below('t', [child('a')])], simple);
    for (let i = 0; i < 2; i += 1)
      tree.ask(tree.root, { op: 'startChild', extra: undefined }, () => undefined);
    tree.answerAll();
    tree.news();
    tree.apply([below('t', [second('a'), child('b')])], simple);
    tree.answerAll();
    expect(tree.news().sort()).toEqual(
      ['#1', '#2'].flatMap((id) => [`start ${id}/a`, `start ${id}/b`, `stop ${id}/a`]).sort(),
    );
    expect(tree.result).toEqual(DONE);
  });

  test.each(['stop', 'kill'] as const)('the end of the tree (%s) ends it at every step', (type) => {
    for (let steps = 0; steps < 8; steps += 1) {
      const tree = up([below('x', [child('a')]), below('y', [child('b')])]);
      tree.apply([below('x', [second('a')]), below('y', [second('b')]), child('c')]);
      for (let n = 0; n < steps && tree.answers[0] !== undefined; n += 1) tree.answer(tree.answers[0]);
      tree.send(tree.root, { type, nowMs: 0 });
      tree.answerAll();
      expect(tree.outcome).toMatch(/^ended /);
      expect(tree.unanswered).toBe(0);
      expect(tree.result?.ok).toBe(steps > 4);
    }
  });
});
