/** OTP's rules beyond the grid, one test each; it would fail without the rule. Source: OTP supervisor manual. */
import { describe, expect, test } from '@jest/globals';
import type { ExitReason } from '@espalier/core';
import { child, CRASH, KILLED, NORMAL, SHUTDOWN, supervisor, up, World } from './interpreter.js';

const ABC = [child('a'), child('b'), child('c')];

describe('start', () => {
  test('children are started in order, each after the one before is ready', () => {
    const world = new World(supervisor(ABC));
    world.answerStart = () => 'wait';
    world.start();
    expect(world.news()).toEqual(['start a']);
    world.comesUp('a');
    expect(world.news()).toEqual(['start b']);
    world.comesUp('b');
    world.comesUp('c');
    expect(world.news()).toEqual(['start c', 'started']);
  });

  test('if one fails, those started are stopped in reverse and the parent gets the reason', () => {
    const world = new World(supervisor(ABC));
    world.answerStart = (id) => (id === 'c' ? CRASH : 'ok');
    world.start();
    expect(world.news()).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a', 'failed shutdown']);
    const failed = world.effects.find((effect) => effect.type === 'failed');
    expect(failed).toEqual({
      type: 'failed',
      reason: { tag: 'shutdown', detail: { failedToStart: 'c', reason: CRASH } },
    });
  });

  test('ignore keeps the spec with no running child, and the next is started', () => {
    const world = new World(supervisor(ABC));
    world.answerStart = (id) => (id === 'b' ? 'ignore' : 'ok');
    world.start();
    expect(world.news()).toEqual(['start a', 'start b', 'start c', 'started']);
    expect(world.states()).toEqual({ a: 'running', b: 'stopped', c: 'running' });
  });

  test('a temporary child that says ignore is forgotten', () => {
    const world = new World(supervisor([child('a', { restart: 'temporary' }), child('b')]));
    world.answerStart = (id) => (id === 'a' ? 'ignore' : 'ok');
    world.start();
    expect(world.states()).toEqual({ b: 'running' });
  });

  test('a child that ends while others are still starting is restarted after they are up', () => {
    const world = new World(supervisor(ABC));
    world.answerStart = (id) => (id === 'c' ? 'wait' : 'ok');
    world.start();
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['start a', 'start b', 'start c']);
    world.comesUp('c');
    expect(world.news()).toEqual(['started', 'start a']);
  });

  test('with simple_one_for_one nothing is started', () => {
    const world = new World(supervisor([child('t')], { strategy: 'simple_one_for_one' })).start();
    expect(world.news()).toEqual(['started']);
  });
});

describe('stop', () => {
  test('children are stopped in reverse order, each after the one before has ended', () => {
    const world = up(supervisor(ABC));
    world.answerStop = () => 'wait';
    world.stop();
    expect(world.news()).toEqual(['stop c']);
    world.ends('c', SHUTDOWN);
    expect(world.news()).toEqual(['stop b']);
    world.ends('b', SHUTDOWN);
    world.ends('a', SHUTDOWN);
    expect(world.news()).toEqual(['stop a', 'ended shutdown']);
  });

  test('each child is given its own time', () => {
    const times = [
      child('a', { shutdown: 7 }),
      child('b', { shutdown: 'infinity' }),
      child('c', { shutdown: 'brutal_kill' }),
    ];
    const world = up(supervisor(times));
    world.stop();
    const stops = world.effects.filter((effect) => effect.type === 'stopChild');
    expect(stops.map((effect) => effect.type === 'stopChild' && [effect.id, effect.shutdown])).toEqual([
      ['c', 'brutal_kill'],
      ['b', 'infinity'],
      ['a', 7],
    ]);
  });

  test('children of a template are stopped all at once', () => {
    const world = up(supervisor([child('t')], { strategy: 'simple_one_for_one' }));
    for (let i = 0; i < 3; i += 1) world.request({ op: 'startChild', extra: undefined });
    world.answerStop = () => 'wait';
    world.news();
    world.stop();
    expect(world.news()).toEqual(['stop #3', 'stop #2', 'stop #1']);
    world.ends('#2', SHUTDOWN);
    world.ends('#1', SHUTDOWN);
    expect(world.news()).toEqual([]);
    world.ends('#3', SHUTDOWN);
    expect(world.news()).toEqual(['ended shutdown']);
  });

  test('a child that ends of itself meanwhile is neither restarted nor asked', () => {
    const world = up(supervisor(ABC));
    world.answerStop = () => 'wait';
    world.stop();
    world.ends('b', CRASH);
    world.ends('c', SHUTDOWN);
    world.ends('a', SHUTDOWN);
    expect(world.news()).toEqual(['stop c', 'stop a', 'ended shutdown']);
    expect(world.parked.get('b')).toBe(false);
    expect(world.events).toContainEqual(
      expect.objectContaining({ kind: 'failed', id: 'b', willRestart: false }),
    );
  });

  test('a second word from the parent after the end says nothing new', () => {
    const world = up(supervisor(ABC));
    world.stop();
    world.stop();
    world.kill();
    expect(world.news()).toEqual(['stop c', 'stop b', 'stop a', 'ended shutdown']);
  });

  test('it does not wait for a child that is still starting', () => {
    const world = new World(supervisor(ABC));
    world.answerStart = (id) => (id === 'b' ? 'wait' : 'ok');
    world.start();
    world.stop();
    expect(world.news()).toEqual(['start a', 'start b', 'stop b', 'stop a', 'failed shutdown']);
  });

  test('a child that comes up although it was told to stop is waited for', () => {
    const world = new World(supervisor(ABC));
    world.answerStart = () => 'wait';
    world.answerStop = () => 'wait';
    world.start();
    world.stop();
    world.comesUp('a');
    expect(world.news()).toEqual(['start a', 'stop a']);
    world.ends('a', SHUTDOWN);
    expect(world.news()).toEqual(['failed shutdown']);
  });

  test('a kill ends everybody at once, those that were being asked included', () => {
    const world = up(supervisor(ABC));
    world.answerStop = () => 'wait';
    world.stop();
    expect(world.news()).toEqual(['stop c']);
    world.kill();
    expect(world.news()).toEqual(['kill c', 'kill b', 'kill a', 'ended killed']);
  });

  test('an end other than the one asked for is reported as unexpected', () => {
    const world = up(supervisor(ABC));
    world.answerStop = (id) => (id === 'b' ? KILLED : 'obey');
    world.stop();
    const stopped = world.events.filter((event) => event.kind === 'stopped');
    expect(stopped.map((event) => event.kind === 'stopped' && [event.id, event.expected])).toEqual([
      ['c', true],
      ['b', false],
      ['a', true],
    ]);
  });
});

describe('restart intensity', () => {
  test('one restart more than intensity within the period ends the supervisor with shutdown', () => {
    const world = up(supervisor(ABC, { intensity: 2 }));
    for (let i = 0; i < 3; i += 1) world.ends('b', CRASH);
    expect(world.news()).toEqual(['start b', 'start b', 'stop c', 'stop a', 'ended shutdown']);
    expect(world.events.find((event) => event.kind === 'escalated')).toMatchObject({
      id: 'b',
      count: 3,
      intensity: 2,
    });
    expect(world.parked.get('b')).toBe(false);
  });

  test('intensity 0 is legal: the first failure ends the supervisor', () => {
    const world = up(supervisor(ABC, { intensity: 0 }));
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['stop c', 'stop b', 'ended shutdown']);
  });

  test('a restart exactly one period ago still counts, one a millisecond older does not', () => {
    for (const [gapMs, ends] of [
      [5000, true],
      [5001, false],
    ] as const) {
      const world = up(supervisor(ABC));
      world.ends('a', CRASH);
      world.advance(gapMs);
      world.ends('a', CRASH);
      expect([gapMs, world.over]).toEqual([gapMs, ends]);
    }
  });

  test('restarts of different children count together', () => {
    const world = up(supervisor(ABC));
    world.ends('a', CRASH);
    world.ends('b', CRASH);
    expect(world.over).toBe(true);
  });

  test('an end that leads to no restart does not count', () => {
    const world = up(
      supervisor([child('a', { restart: 'transient' }), child('t', { restart: 'temporary' }), child('b')]),
    );
    world.ends('a', NORMAL);
    world.ends('t', CRASH);
    world.ends('b', CRASH);
    expect(world.news()).toEqual(['start b']);
  });

  test('a group restart counts once', () => {
    const world = up(supervisor(ABC, { strategy: 'one_for_all' }));
    world.ends('a', CRASH);
    expect(world.over).toBe(false);
  });

  test('children of a group that fail together count once: the later end is settled by the group restart', () => {
    const world = up(supervisor(ABC, { strategy: 'one_for_all' }));
    world.answerStop = () => 'wait';
    world.ends('a', CRASH);
    world.ends('b', CRASH);
    world.ends('c', SHUTDOWN);
    expect(world.news()).toEqual(['stop c', 'start a', 'start b', 'start c']);
  });

  test('failed restarts count', () => {
    const world = up(supervisor(ABC, { intensity: 3 }));
    world.answerStart = () => CRASH;
    world.ends('b', CRASH);
    expect(world.news()).toEqual(['start b', 'start b', 'start b', 'stop c', 'stop a', 'ended shutdown']);
  });
});

describe('a restart whose start fails', () => {
  test('is tried again after what had come in meanwhile, and shows as restarting', () => {
    const world = up(supervisor(ABC, { intensity: 5 }));
    world.answerStart = (_id, incarnation) => (incarnation === 2 ? 'wait' : 'ok');
    world.ends('b', CRASH);
    expect(world.states()['b']).toBe('restarting');
    const request = world.request({ op: 'startChild', child: child('d') });
    expect(world.replies.has(request)).toBe(false);
    world.ends('b', CRASH);
    expect(world.news()).toEqual(['start b', 'start d', 'start b']);
    expect(world.replies.get(request)?.ok).toBe(true);
  });

  test('can be terminated while it waits to be tried again', () => {
    const world = up(supervisor(ABC, { intensity: 5 }));
    world.answerStart = (_id, incarnation) => (incarnation === 2 ? 'wait' : 'ok');
    world.ends('b', CRASH);
    const request = world.request({ op: 'terminateChild', id: 'b' });
    world.ends('b', CRASH);
    expect(world.replies.get(request)).toEqual({ ok: true, value: null });
    expect(world.news()).toEqual(['start b']);
    expect(world.states()['b']).toBe('stopped');
    expect(world.parked.get('b')).toBe(false);
  });

  test('one_for_all: the whole group is stopped and started again', () => {
    const world = up(supervisor(ABC, { strategy: 'one_for_all', intensity: 5 }));
    world.answerStart = (id, incarnation) => (id === 'b' && incarnation === 2 ? CRASH : 'ok');
    world.ends('c', CRASH);
    expect(world.news()).toEqual([
      'stop b',
      'stop a',
      'start a',
      'start b',
      'stop a',
      'start a',
      'start b',
      'start c',
    ]);
  });

  test('rest_for_one: it goes on from the child whose start failed', () => {
    const world = up(supervisor(ABC, { strategy: 'rest_for_one', intensity: 5 }));
    world.answerStart = (id, incarnation) => (id === 'b' && incarnation === 2 ? CRASH : 'ok');
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['stop c', 'stop b', 'start a', 'start b', 'start b', 'start c']);
  });

  test('those further on wait for it, the one that began it all included, and stay stopped if it is terminated', () => {
    const world = up(supervisor(ABC, { strategy: 'one_for_all', intensity: 5 }));
    world.answerStart = (id, incarnation) => (id === 'b' && incarnation === 2 ? 'wait' : 'ok');
    world.ends('c', CRASH);
    world.request({ op: 'terminateChild', id: 'b' });
    expect(Object.fromEntries(world.parked)).toEqual({ a: true, b: true, c: true });
    world.ends('b', CRASH);
    expect(world.states()).toEqual({ a: 'running', b: 'stopped', c: 'stopped' });
    expect([world.parked.get('b'), world.parked.get('c')]).toEqual([false, false]);
  });

  test('ignore at a restart leaves the child stopped, and nobody waits for its names', () => {
    const world = up(supervisor(ABC));
    world.answerStart = () => 'ignore';
    world.ends('b', CRASH);
    expect(world.states()['b']).toBe('stopped');
    expect(world.parked.get('b')).toBe(false);
  });
});

describe('group restarts', () => {
  test('children that had been stopped before are started with their group, temporary ones are not', () => {
    const children = [child('a'), child('b', { restart: 'transient' }), child('t', { restart: 'temporary' })];
    const world = up(supervisor(children, { strategy: 'one_for_all' }));
    world.ends('b', NORMAL);
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['stop t', 'start a', 'start b']);
    expect(world.states()).toEqual({ a: 'running', b: 'running' });
  });

  test('a child that ends while its group is being started is dealt with afterwards', () => {
    const world = up(supervisor(ABC, { strategy: 'one_for_all', intensity: 5 }));
    world.answerStart = (id, incarnation) => (id === 'b' && incarnation === 2 ? 'wait' : 'ok');
    world.ends('c', CRASH);
    world.news();
    world.ends('a', CRASH);
    expect(world.news()).toEqual([]);
    world.comesUp('b');
    expect(world.news()).toEqual(['start c', 'stop c', 'stop b', 'start a', 'start b', 'start c']);
  });

  test('a transient child that had done its work when its group is restarted runs again, and its names are kept', () => {
    const children = [child('a'), child('b', { restart: 'transient' }), child('c')];
    const world = up(supervisor(children, { strategy: 'one_for_all', backoff: backoff({}) }));
    world.answerStop = () => 'wait';
    world.ends('a', CRASH);
    world.ends('b', NORMAL);
    expect(world.parked.get('b')).toBe(false);
    world.ends('c', SHUTDOWN);
    expect(world.parked.get('b')).toBe(true);
    world.advance(100);
    expect(world.news()).toEqual(['stop c', 'start a', 'start b', 'start c']);
  });

  test('news of a life that is over changes nothing', () => {
    const world = up(supervisor(ABC));
    world.ends('a', CRASH);
    world.news();
    const stale = { id: 'a', incarnation: 1, nowMs: 0 } as const;
    world.send({ type: 'childEnded', ...stale, reason: CRASH });
    world.send({ type: 'childStartFailed', ...stale, reason: CRASH });
    world.send({ type: 'childIgnored', ...stale });
    expect(world.states()['a']).toBe('running');
    expect(world.news()).toEqual([]);
  });

  test('names of everybody in the group are kept until it is decided that they do not come back', () => {
    const world = up(supervisor(ABC, { strategy: 'rest_for_one', backoff: backoff({}) }));
    world.ends('a', CRASH);
    expect(Object.fromEntries(world.parked)).toEqual({ a: true, b: true, c: true });
    world.request({ op: 'terminateChild', id: 'a' });
    expect(Object.fromEntries(world.parked)).toEqual({ a: false, b: false, c: false });
  });
});

describe('automatic shutdown', () => {
  const significant = (restart: 'transient' | 'temporary' = 'transient') =>
    ({ significant: true, restart }) as const;

  test('never: a significant end is nothing special', () => {
    const world = up(supervisor([child('a', { restart: 'transient' }), child('b')]));
    world.ends('a', NORMAL);
    expect(world.over).toBe(false);
  });

  test('any_significant: the first significant child that ends of itself ends the supervisor', () => {
    const world = up(
      supervisor([child('a', significant()), child('b'), child('c', significant())], {
        autoShutdown: 'any_significant',
      }),
    );
    world.ends('a', NORMAL);
    expect(world.news()).toEqual(['stop c', 'stop b', 'ended shutdown']);
  });

  test('all_significant: the last significant child that ends of itself does', () => {
    const world = up(
      supervisor([child('a', significant()), child('b'), child('c', significant('temporary'))], {
        autoShutdown: 'all_significant',
      }),
    );
    world.ends('a', SHUTDOWN);
    expect(world.news()).toEqual([]);
    world.ends('c', CRASH);
    expect(world.news()).toEqual(['stop b', 'ended shutdown']);
  });

  test('an end that leads to a restart does not trigger it', () => {
    const world = up(supervisor([child('a', significant())], { autoShutdown: 'any_significant' }));
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['start a']);
  });

  test('an end by terminateChild does not trigger it', () => {
    const world = up(
      supervisor([child('a', significant()), child('b')], { autoShutdown: 'any_significant' }),
    );
    world.ask({ op: 'terminateChild', id: 'a' });
    expect(world.over).toBe(false);
  });

  test('an end by a group restart does not trigger it', () => {
    const world = up(
      supervisor([child('a'), child('b', significant())], {
        autoShutdown: 'any_significant',
        strategy: 'one_for_all',
      }),
    );
    world.answerStop = () => NORMAL;
    world.ends('a', CRASH);
    expect(world.over).toBe(false);
  });
});

const backoff = (over: object) => ({
  initialMs: 100,
  factor: 2,
  maxMs: 1000,
  jitter: 0,
  resetAfterMs: 10_000,
  ...over,
});

describe('backoff', () => {
  test('waits grow by the factor up to the ceiling', () => {
    const world = up(supervisor(ABC, { intensity: 100, backoff: backoff({}) }));
    const waits: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      world.ends('a', CRASH);
      const last = world.effects.filter((effect) => effect.type === 'setTimer').at(-1);
      if (last?.type === 'setTimer') waits.push(last.delayMs);
      world.advance(1000);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test('the child waits as restarting, other children and requests are served meanwhile', () => {
    const world = up(supervisor(ABC, { intensity: 5, backoff: backoff({}) }));
    world.ends('a', CRASH);
    world.ends('b', CRASH);
    expect(world.news()).toEqual([]);
    expect(world.states()).toEqual({ a: 'restarting', b: 'restarting', c: 'running' });
    expect(world.ask({ op: 'startChild', child: child('d') }).ok).toBe(true);
    world.advance(99);
    expect(world.news()).toEqual(['start d']);
    world.advance(1);
    expect(world.news()).toEqual(['start a', 'start b']);
  });

  test('a child that has run for resetAfterMs waits the initial time again', () => {
    const world = up(supervisor(ABC, { intensity: 100, backoff: backoff({}) }));
    world.ends('a', CRASH);
    world.advance(100 + 10_000);
    world.ends('a', CRASH);
    const timers = world.effects.filter((effect) => effect.type === 'setTimer');
    expect(timers.map((effect) => effect.type === 'setTimer' && effect.delayMs)).toEqual([100, 100]);
  });

  test('a start that fails lengthens the wait, and the budget still counts', () => {
    const world = up(supervisor(ABC, { intensity: 2, backoff: backoff({}) }));
    world.answerStart = () => CRASH;
    world.ends('a', CRASH);
    world.advance(100);
    expect(world.timers.size).toBe(1);
    world.advance(200);
    expect(world.news()).toEqual(['start a', 'start a', 'stop c', 'stop b', 'ended shutdown']);
  });

  test('a group is stopped at once and started after the wait', () => {
    const world = up(supervisor(ABC, { strategy: 'one_for_all', backoff: backoff({}) }));
    world.ends('b', CRASH);
    expect(world.news()).toEqual(['stop c', 'stop a']);
    world.advance(100);
    expect(world.news()).toEqual(['start a', 'start b', 'start c']);
  });

  test('a child of its own backoff or none overrides its supervisor', () => {
    const children = [
      child('a', { backoff: null }),
      child('b', { backoff: backoff({ initialMs: 7, jitter: 0.5 }) }),
    ];
    const world = up(supervisor(children, { intensity: 5, backoff: backoff({}) }));
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['start a']);
    world.ends('b', CRASH);
    expect(world.effects).toContainEqual({ type: 'setTimer', key: 'b@1', delayMs: 7, jitterMs: 3.5 });
  });

  test('terminateChild and stop end the wait', () => {
    for (const operation of ['terminateChild', 'stop'] as const) {
      const world = up(supervisor(ABC, { backoff: backoff({}) }));
      world.ends('a', CRASH);
      expect(world.timers.size).toBe(1);
      if (operation === 'stop') world.stop();
      else world.ask({ op: operation, id: 'a' });
      expect(world.timers.size).toBe(0);
    }
  });

  test('a timer of an earlier wait that fires late does nothing', () => {
    const world = up(supervisor(ABC, { intensity: 5, backoff: backoff({}) }));
    world.ends('a', CRASH);
    world.ask({ op: 'terminateChild', id: 'a' });
    world.ask({ op: 'restartChild', id: 'a' });
    world.ends('a', CRASH);
    world.news();
    world.send({ type: 'timer', key: 'a@1', nowMs: 5 });
    expect(world.news()).toEqual([]);
    expect(world.states()['a']).toBe('restarting');
  });
});

describe('startChild', () => {
  test('adds a child at the end of the order', () => {
    const world = up(supervisor(ABC));
    expect(world.ask({ op: 'startChild', child: child('d') })).toEqual({
      ok: true,
      value: { child: { key: 'd', incarnation: 1 } },
    });
    world.news();
    world.stop();
    expect(world.news()).toEqual(['stop d', 'stop c', 'stop b', 'stop a', 'ended shutdown']);
  });

  test('an id that runs is already_started, one that does not already_present', () => {
    const world = up(supervisor(ABC));
    expect(world.ask({ op: 'startChild', child: child('a') })).toEqual({
      ok: false,
      error: 'already_started',
      child: { key: 'a', incarnation: 1 },
    });
    world.ask({ op: 'terminateChild', id: 'a' });
    expect(world.ask({ op: 'startChild', child: child('a') })).toEqual({
      ok: false,
      error: 'already_present',
    });
  });

  test('a child whose start fails is discarded', () => {
    const world = up(supervisor(ABC));
    world.answerStart = () => CRASH;
    expect(world.ask({ op: 'startChild', child: child('d') })).toEqual({
      ok: false,
      error: 'start_failed',
      reason: CRASH,
    });
    expect(world.states()['d']).toBeUndefined();
    expect(world.over).toBe(false);
  });

  test('ignore keeps the spec, unless the child is temporary', () => {
    const world = up(supervisor(ABC));
    world.answerStart = () => 'ignore';
    expect(world.ask({ op: 'startChild', child: child('d') })).toEqual({ ok: true, value: { child: null } });
    world.ask({ op: 'startChild', child: child('e', { restart: 'temporary' }) });
    expect(world.states()).toEqual({ a: 'running', b: 'running', c: 'running', d: 'stopped' });
  });

  test('significant is refused beside a permanent restart, and without automatic shutdown', () => {
    const never = up(supervisor(ABC));
    expect(
      never.ask({ op: 'startChild', child: child('d', { significant: true, restart: 'transient' }) }),
    ).toEqual({
      ok: false,
      error: 'bad_combination',
      fields: ['significant', 'autoShutdown'],
    });
    const any = up(supervisor(ABC, { autoShutdown: 'any_significant' }));
    expect(any.ask({ op: 'startChild', child: child('d', { significant: true }) })).toMatchObject({
      error: 'bad_combination',
      fields: ['significant', 'restart'],
    });
  });

  test('maxChildren bounds both kinds of supervisor', () => {
    const fixed = up(supervisor(ABC, { maxChildren: 3 }));
    expect(fixed.ask({ op: 'startChild', child: child('d') })).toEqual({ ok: false, error: 'max_children' });
    const dynamic = up(supervisor([child('t')], { maxChildren: 1, strategy: 'simple_one_for_one' }));
    expect(dynamic.ask({ op: 'startChild', extra: undefined }).ok).toBe(true);
    expect(dynamic.ask({ op: 'startChild', extra: undefined })).toEqual({ ok: false, error: 'max_children' });
    dynamic.ask({ op: 'terminateChild', id: '#1' });
    expect(dynamic.ask({ op: 'startChild', extra: undefined }).ok).toBe(true);
  });

  test('a spec under a template, and arguments without one, are a bad argument', () => {
    const dynamic = up(supervisor([child('t')], { strategy: 'simple_one_for_one' }));
    expect(dynamic.ask({ op: 'startChild', child: child('d') })).toMatchObject({ error: 'bad_argument' });
    expect(up(supervisor(ABC)).ask({ op: 'startChild', extra: undefined })).toMatchObject({
      error: 'bad_argument',
    });
  });

  test('arguments for a template that takes none are a bad argument', () => {
    const pools = up(supervisor([child('t', { kind: 'pool' })], { strategy: 'simple_one_for_one' }));
    expect(pools.ask({ op: 'startChild', extra: Uint8Array.of(1) })).toMatchObject({ error: 'bad_argument' });
    expect(pools.ask({ op: 'startChild', extra: undefined }).ok).toBe(true);
  });

  test('temporary children keep no start data and no arguments', () => {
    const world = up(supervisor(ABC));
    world.ask({ op: 'startChild', child: child('t', { restart: 'temporary' }) });
    expect(world.kept('t')?.spec).toMatchObject({ id: 't', start: null });
    expect(world.kept('a')?.spec).toMatchObject({ id: 'a', start: { module: 'a' } });
    for (const [restart, extra] of [
      ['temporary', undefined],
      ['transient', Uint8Array.of(1)],
    ] as const) {
      const dynamic = up(supervisor([child('t', { restart })], { strategy: 'simple_one_for_one' }));
      dynamic.ask({ op: 'startChild', extra: Uint8Array.of(1) });
      expect(dynamic.kept('#1')?.extra).toEqual(extra);
    }
  });
});

describe('terminateChild, restartChild, deleteChild', () => {
  test('terminateChild stops the child and keeps its spec; restartChild starts it again', () => {
    const world = up(supervisor(ABC));
    expect(world.ask({ op: 'terminateChild', id: 'b' })).toEqual({ ok: true, value: null });
    expect(world.parked.get('b')).toBe(false);
    expect(world.states()['b']).toBe('stopped');
    expect(world.ask({ op: 'restartChild', id: 'b' })).toEqual({
      ok: true,
      value: { child: { key: 'b', incarnation: 2 } },
    });
    expect(world.news()).toEqual(['stop b', 'start b']);
  });

  test('terminateChild of a temporary child deletes it', () => {
    const world = up(supervisor([child('t', { restart: 'temporary' })]));
    world.ask({ op: 'terminateChild', id: 't' });
    expect(world.states()).toEqual({});
  });

  test('restartChild and deleteChild say running, restarting or not_found', () => {
    const world = up(supervisor(ABC, { backoff: backoff({}) }));
    for (const op of ['restartChild', 'deleteChild'] as const) {
      expect(world.ask({ op, id: 'a' })).toEqual({ ok: false, error: 'running' });
      expect(world.ask({ op, id: 'x' })).toEqual({ ok: false, error: 'not_found' });
    }
    expect(world.ask({ op: 'terminateChild', id: 'x' })).toEqual({ ok: false, error: 'not_found' });
    world.ends('a', CRASH);
    for (const op of ['restartChild', 'deleteChild'] as const) {
      expect(world.ask({ op, id: 'a' })).toEqual({ ok: false, error: 'restarting' });
    }
  });

  test('deleteChild forgets a stopped child', () => {
    const world = up(supervisor(ABC));
    world.ask({ op: 'terminateChild', id: 'b' });
    expect(world.ask({ op: 'deleteChild', id: 'b' })).toEqual({ ok: true, value: null });
    expect(world.states()).toEqual({ a: 'running', c: 'running' });
  });

  test('a restartChild whose start fails leaves the child stopped, without a second try', () => {
    const world = up(supervisor(ABC));
    world.ask({ op: 'terminateChild', id: 'b' });
    world.answerStart = () => CRASH;
    expect(world.ask({ op: 'restartChild', id: 'b' })).toEqual({
      ok: false,
      error: 'start_failed',
      reason: CRASH,
    });
    expect(world.states()['b']).toBe('stopped');
  });

  test('under a template only terminateChild by key is possible, and a child that has ended is no error', () => {
    const world = up(supervisor([child('t', { restart: 'temporary' })], { strategy: 'simple_one_for_one' }));
    world.ask({ op: 'startChild', extra: undefined });
    for (const op of ['restartChild', 'deleteChild'] as const) {
      expect(world.ask({ op, id: '#1' })).toEqual({ ok: false, error: 'simple_one_for_one' });
    }
    expect(world.ask({ op: 'terminateChild', id: 't' })).toEqual({ ok: false, error: 'simple_one_for_one' });
    expect(world.ask({ op: 'terminateChild', id: '#9' })).toEqual({ ok: false, error: 'not_found' });
    world.ends('#1', NORMAL);
    expect(world.ask({ op: 'terminateChild', id: '#1' })).toEqual({ ok: true, value: null });
  });
});

describe('one operation at a time', () => {
  test('operations queue in order, queries are answered at once', () => {
    const world = up(supervisor(ABC));
    world.answerStop = () => 'wait';
    const first = world.request({ op: 'terminateChild', id: 'a' });
    const second = world.request({ op: 'restartChild', id: 'a' });
    expect(world.states()).toEqual({ a: 'stopping', b: 'running', c: 'running' });
    expect(world.ask({ op: 'countChildren' })).toEqual({
      ok: true,
      value: { specs: 3, active: 3, supervisors: 0, environments: 3 },
    });
    expect([world.replies.has(first), world.replies.has(second)]).toEqual([false, false]);
    world.ends('a', SHUTDOWN);
    expect(world.replies.get(first)?.ok).toBe(true);
    expect(world.replies.get(second)?.ok).toBe(true);
    expect(world.news()).toEqual(['stop a', 'start a']);
  });

  test('an end refuses what is under way and what waits, and what comes after', () => {
    const world = up(supervisor(ABC));
    world.answerStart = () => 'wait';
    const first = world.request({ op: 'startChild', child: child('d') });
    const second = world.request({ op: 'terminateChild', id: 'a' });
    world.stop();
    for (const id of [first, second]) expect(world.replies.get(id)).toEqual({ ok: false, error: 'shutdown' });
    expect(world.ask({ op: 'deleteChild', id: 'a' })).toEqual({ ok: false, error: 'shutdown' });
    expect(world.news()).toEqual(['start d', 'stop d', 'stop c', 'stop b', 'stop a', 'ended shutdown']);
  });
});

describe('queries', () => {
  test('whichChildren lists start order, with null for the id of a dynamic child', () => {
    const world = up(supervisor([child('t', { kind: 'supervisor' })], { strategy: 'simple_one_for_one' }));
    world.ask({ op: 'startChild', extra: undefined });
    expect(world.ask({ op: 'whichChildren' })).toEqual({
      ok: true,
      value: [
        { id: null, key: '#1', state: 'running', incarnation: 1, kind: 'supervisor', restart: 'permanent' },
      ],
    });
    expect(world.ask({ op: 'countChildren' })).toEqual({
      ok: true,
      value: { specs: 1, active: 1, supervisors: 1, environments: 0 },
    });
    expect(world.ask({ op: 'whichChild', id: 't' })).toEqual({ ok: false, error: 'simple_one_for_one' });
  });
});

describe('events', () => {
  test('a crash tells, in order: failed, restarting, restarted, each with what it cost', () => {
    const world = up(supervisor(ABC, { intensity: 3 }));
    world.events.length = 0;
    world.nowMs = 40;
    world.answerStart = () => 'wait';
    world.ends('b', CRASH);
    world.nowMs = 65;
    world.comesUp('b');
    const reason: ExitReason = CRASH;
    expect(world.events).toEqual([
      { kind: 'failed', id: 'b', incarnation: 1, phase: 'run', reason, durationMs: 40, willRestart: true },
      {
        kind: 'restarting',
        id: 'b',
        incarnation: 1,
        reason,
        count: 1,
        intensity: 3,
        periodMs: 5000,
        delayMs: 0,
        others: [],
      },
      { kind: 'restarted', id: 'b', incarnation: 2, durationMs: 25, count: 1 },
    ]);
  });

  test('the same events give the same effects', () => {
    const run = () => {
      const world = up(
        supervisor(ABC, { strategy: 'rest_for_one', intensity: 9, backoff: backoff({ jitter: 0.3 }) }),
      );
      world.ends('b', CRASH);
      world.advance(500);
      world.ends('a', KILLED);
      world.stop();
      return world.effects;
    };
    expect(run()).toEqual(run());
  });
});
