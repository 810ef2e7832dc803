/** Re-apply at one supervisor: who is stopped, started, changed in place, and what becomes of it when a start fails. */
import { describe, expect, test } from '@jest/globals';
import type {
  ChildSpec,
  SupervisorOperation,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { child, CRASH, NORMAL, SHUTDOWN, supervisor, up, type World } from './interpreter.js';

const DONE = { ok: true, value: null };
const simple = { strategy: 'simple_one_for_one' } as const;

function to(spec: SupervisorSpec): SupervisorOperation {
  return { op: 'apply', spec, stepwise: false };
}

function apply(world: World, children: readonly ChildSpec[], over: Partial<SupervisorSpec> = {}): string[] {
  expect(world.ask(to(supervisor(children, over)))).toEqual(DONE);
  return world.news();
}

const of = (...ids: readonly string[]): ChildSpec[] => ids.map((id) => child(id));
const second = (id: string, over: Partial<ChildSpec> = {}): ChildSpec => child(id, { version: '2', ...over });
const failsAsSecond = (_id: string, _incarnation: number, spec: ChildSpec) =>
  spec.version === '2' ? CRASH : ('ok' as const);

describe('what is the same', () => {
  test('is not touched, and the apply is reported all the same', () => {
    const world = up(supervisor(of('a', 'b'), { strategy: 'one_for_all' }));
    expect(apply(world, of('a', 'b'), { strategy: 'one_for_all' })).toEqual([]);
    const applies = world.events.filter(({ kind }) => kind.startsWith('appl'));
    expect(applies).toEqual([{ kind: 'applying' }, { kind: 'applied', durationMs: 0 }]);
  });

  test('keeps what an administrator has made of it: stopped, deleted, or started beside the spec', () => {
    const world = up(supervisor(of('a', 'b', 'c')));
    world.ask({ op: 'terminateChild', id: 'a' });
    world.ask({ op: 'terminateChild', id: 'b' });
    world.ask({ op: 'deleteChild', id: 'b' });
    world.ask({ op: 'startChild', child: child('x') });
    world.news();
    expect(apply(world, of('new', 'a', 'b', 'c'))).toEqual(['start new']);
    expect(world.states()).toEqual({ new: 'running', a: 'stopped', c: 'running', x: 'running' });
  });

  test('a temporary child that has ended is not started again', () => {
    const world = up(supervisor([child('a', { restart: 'temporary' }), child('b')]));
    world.ends('a', NORMAL);
    expect(apply(world, [child('a', { restart: 'temporary' }), child('b')])).toEqual([]);
    expect(apply(world, [second('a', { restart: 'temporary' }), child('b')])).toEqual(['start a']);
  });
});

describe('in place', () => {
  test('what a supervisor knows of a child holds from then on: restart type, shutdown time, backoff', () => {
    const world = up(supervisor(of('a', 'b')));
    const backoff = { initialMs: 10, factor: 2, maxMs: 100, jitter: 0, resetAfterMs: 1000 };
    expect(
      apply(world, [child('a', { restart: 'transient', backoff }), child('b', { shutdown: 7 })]),
    ).toEqual([]);
    world.ends('a', CRASH);
    expect(world.news()).toEqual([]);
    world.advance(10);
    expect(world.news()).toEqual(['start a']);
    world.ends('a', NORMAL);
    expect(world.news()).toEqual([]);
    world.ask({ op: 'terminateChild', id: 'b' });
    expect(world.effects.findLast(({ type }) => type === 'stopChild')).toMatchObject({
      id: 'b',
      shutdown: 7,
    });
  });

  test('a temporary child becomes a permanent one, with what it is started from', () => {
    const world = up(supervisor([child('a', { restart: 'temporary' })]));
    expect(apply(world, of('a'))).toEqual([]);
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['start a']);
    expect(world.effects.findLast(({ type }) => type === 'startChild')).toMatchObject({
      spec: { start: { module: 'a' } },
    });
  });

  test('intensity and period hold for restarts that are counted already', () => {
    const world = up(supervisor(of('a'), { intensity: 5 }));
    world.ends('a', CRASH);
    world.ends('a', CRASH);
    world.news();
    expect(apply(world, of('a'), { intensity: 2 })).toEqual([]);
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['ended shutdown']);
  });

  test('strategy and order hold at the next restart', () => {
    const world = up(supervisor(of('a', 'b', 'c')));
    expect(apply(world, of('c', 'b', 'a'), { strategy: 'rest_for_one' })).toEqual([]);
    expect(Object.keys(world.states())).toEqual(['c', 'b', 'a']);
    world.ends('b', CRASH);
    expect(world.news()).toEqual(['stop a', 'start b', 'start a']);
  });
});

describe('by restart', () => {
  test('first everything is stopped in reverse order, then everything is started in order', () => {
    const world = up(supervisor(of('a', 'b', 'c', 'd')));
    const news = apply(world, [child('new'), second('a'), child('b'), second('d')]);
    expect(news).toEqual(['stop d', 'stop c', 'stop a', 'start new', 'start a', 'start d']);
    expect(world.states()).toEqual({ new: 'running', a: 'running', b: 'running', d: 'running' });
  });

  test.each([
    ['one_for_one', ['stop b', 'start b']],
    ['rest_for_one', ['stop d', 'stop c', 'stop b', 'start b', 'start c', 'start d']],
    ['one_for_all', ['stop d', 'stop c', 'stop b', 'stop a', 'start a', 'start b', 'start c', 'start d']],
  ] as const)('%s adds those whom a restart would take along', (strategy, news) => {
    const world = up(supervisor(of('a', 'b', 'c', 'd'), { strategy }));
    expect(apply(world, [child('a'), second('b'), child('c'), child('d')], { strategy })).toEqual(news);
  });

  test('the strategy that counts is the new one', () => {
    const world = up(supervisor(of('a', 'b')));
    const news = apply(world, [child('a'), second('b')], { strategy: 'one_for_all' });
    expect(news).toEqual(['stop b', 'stop a', 'start a', 'start b']);
  });

  test('who is added or removed takes nobody along', () => {
    const world = up(supervisor(of('a', 'b'), { strategy: 'one_for_all' }));
    expect(apply(world, of('x', 'b'), { strategy: 'one_for_all' })).toEqual(['stop a', 'start x']);
  });

  test('a temporary child goes along and is not started again, unless it is itself another', () => {
    const temporary = { restart: 'temporary' } as const;
    const world = up(
      supervisor([child('a'), child('b', temporary), child('c', temporary)], { strategy: 'one_for_all' }),
    );
    const target = [second('a'), child('b', temporary), second('c', temporary)];
    const news = apply(world, target, { strategy: 'one_for_all' });
    expect(news).toEqual(['stop c', 'stop b', 'stop a', 'start a', 'start c']);
    expect(world.states()).toEqual({ a: 'running', c: 'running' });
  });

  test('a child that an administrator has stopped is started when it is another, and when its group is restarted', () => {
    const world = up(supervisor(of('a', 'b', 'c'), { strategy: 'rest_for_one' }));
    for (const id of ['a', 'b', 'c']) world.ask({ op: 'terminateChild', id });
    world.news();
    const news = apply(world, [child('a'), second('b'), child('c')], { strategy: 'rest_for_one' });
    expect(news).toEqual(['start b', 'start c']);
  });

  test('a child of another kind is another child', () => {
    const world = up(supervisor(of('a')));
    expect(apply(world, [child('a', { kind: 'pool' })])).toEqual(['stop a', 'start a']);
  });

  test('messages to its name are kept, but not if it is removed or gets another name', () => {
    const world = up(supervisor(of('a', 'b', 'c', 'd'), { strategy: 'rest_for_one' }));
    world.effects.length = 0;
    apply(world, [second('a', { name: 'other' }), second('b'), child('d')], { strategy: 'rest_for_one' });
    const words = world.effects.flatMap((effect) =>
      effect.type === 'parking' ? [[effect.id, effect.willRestart]] : [],
    );
    expect(words).toEqual([
      ['d', true],
      ['c', false],
      ['b', true],
      ['a', false],
    ]);
  });

  test('a child that has crashed meanwhile is started once, as its new self', () => {
    const world = up(supervisor(of('a', 'b')));
    world.answerStop = () => 'wait';
    const request = world.request(to(supervisor([second('a'), second('b')])));
    expect(world.news()).toEqual(['stop b']);
    world.ends('a', CRASH);
    world.ends('b', SHUTDOWN);
    expect(world.news()).toEqual(['start a', 'start b']);
    expect(world.replies.get(request)).toEqual(DONE);
    expect(world.parked.get('a')).toBe(true);
  });
});

describe('while a restart waits', () => {
  const backoff = { initialMs: 100, factor: 2, maxMs: 1000, jitter: 0, resetAfterMs: 1000 };
  const slow = { strategy: 'one_for_all', backoff, intensity: 9 } as const;

  test('one that is another starts at once, with those who wait for it, and its failures are forgotten', () => {
    const world = up(supervisor(of('a', 'b'), slow));
    world.ends('b', CRASH);
    expect(world.news()).toEqual(['stop a']);
    expect(apply(world, [child('a'), second('b')], slow)).toEqual(['start a', 'start b']);
    expect(world.timers.size).toBe(0);
    world.ends('b', CRASH);
    expect([...world.timers.values()]).toEqual([100]);
  });

  test('one that is the same goes on waiting, and so do those who wait for it', () => {
    const world = up(supervisor(of('a', 'b'), slow));
    world.ends('b', CRASH);
    world.news();
    expect(apply(world, [child('a'), child('b', { shutdown: 1 }), child('c')], slow)).toEqual(['start c']);
    world.advance(100);
    expect(world.news()).toEqual(['stop c', 'start a', 'start b', 'start c']);
  });

  test('who waited for one that is removed is started, and so is who is not taken along any more', () => {
    const removed = up(supervisor(of('a', 'b'), slow));
    removed.ends('b', CRASH);
    removed.news();
    expect(apply(removed, of('a'), slow)).toEqual(['start a']);
    expect(removed.parked.get('a')).toBe(true);

    const alone = up(supervisor(of('a', 'b'), slow));
    alone.ends('b', CRASH);
    alone.news();
    expect(apply(alone, of('a', 'b'), { ...slow, strategy: 'one_for_one' })).toEqual(['start a']);
    alone.advance(100);
    expect(alone.news()).toEqual(['start b']);
  });
});

describe('children of a template', () => {
  const started = (world: World, id: string) =>
    world.effects.flatMap((effect) =>
      effect.type === 'startChild' && effect.id === id ? [effect.extra] : [],
    );

  function three(over: Partial<ChildSpec> = {}): World {
    const world = up(supervisor([child('t', over)], simple));
    for (const extra of [1, 2, 3]) world.ask({ op: 'startChild', extra: Uint8Array.of(extra) });
    world.news();
    return world;
  }

  test('stay if the template is the same, or changes in place', () => {
    const world = three();
    expect(apply(world, [child('t', { shutdown: 3 })], simple)).toEqual([]);
    world.ask({ op: 'terminateChild', id: '#2' });
    expect(world.effects.findLast(({ type }) => type === 'stopChild')).toMatchObject({ shutdown: 3 });
    expect(Object.keys(world.states())).toEqual(['#1', '#3']);
  });

  test('are restarted with their own arguments if it is another: all are stopped at once', () => {
    const world = three();
    world.answerStop = () => 'wait';
    const request = world.request(to(supervisor([second('t')], simple)));
    expect(world.news()).toEqual(['stop #3', 'stop #2', 'stop #1']);
    for (const id of ['#2', '#1', '#3']) world.ends(id, SHUTDOWN);
    expect(world.news()).toEqual(['start #1', 'start #2', 'start #3']);
    expect(world.replies.get(request)).toEqual(DONE);
    expect(started(world, '#2')).toEqual([Uint8Array.of(2), Uint8Array.of(2)]);
    world.ask({ op: 'startChild', extra: undefined });
    expect(Object.keys(world.states())).toEqual(['#1', '#2', '#3', '#4']);
  });

  test('temporary ones, whose arguments nobody has, run to their end as they are', () => {
    const world = three({ restart: 'temporary' });
    expect(apply(world, [second('t')], simple)).toEqual([]);
    world.ends('#1', CRASH);
    expect(world.news()).toEqual([]);
    world.ask({ op: 'startChild', extra: undefined });
    expect(world.effects.findLast(({ type }) => type === 'startChild')).toMatchObject({
      spec: { version: '2' },
    });
  });

  test('go with it: to another template, or to a strategy without one, and back', () => {
    const world = three();
    expect(apply(world, [child('other')], simple)).toEqual(['stop #3', 'stop #2', 'stop #1']);
    world.ask({ op: 'startChild', extra: undefined });
    world.news();
    expect(apply(world, of('other', 'a'))).toEqual(['stop #4', 'start other', 'start a']);
    expect(apply(world, of('other'), simple)).toEqual(['stop a', 'stop other']);
    expect(world.states()).toEqual({});
  });

  test('come back with their arguments when the apply fails', () => {
    const world = three();
    world.answerStart = failsAsSecond;
    const target = supervisor([child('x'), second('y')]);
    expect(world.ask(to(target))).toMatchObject({ ok: false, error: 'start_failed', restored: true });
    expect(world.news()).toEqual([
      ...['stop #3', 'stop #2', 'stop #1', 'start x', 'start y'],
      ...['stop x', 'start #1', 'start #2', 'start #3'],
    ]);
    expect(started(world, '#3')).toEqual([Uint8Array.of(3), Uint8Array.of(3)]);
    world.ask({ op: 'startChild', extra: undefined });
    expect(Object.keys(world.states())).toEqual(['#1', '#2', '#3', '#4']);
  });
});

describe('a start that fails', () => {
  test('undoes all of it, in order, and says why', () => {
    const world = up(supervisor(of('a', 'b', 'gone'), { strategy: 'rest_for_one' }));
    world.answerStart = (id, _incarnation, spec) => (id === 'last' || spec.version === 'x' ? CRASH : 'ok');
    const target = supervisor([child('a'), second('b'), child('new'), child('last')], { intensity: 9 });
    const result = world.ask(to(target));
    const reason = { tag: 'shutdown', detail: { failedToStart: 'last', reason: CRASH } };
    expect(result).toEqual({ ok: false, error: 'start_failed', reason, restored: true });
    expect(world.news()).toEqual([
      ...['stop gone', 'stop b', 'start b', 'start new', 'start last'],
      ...['stop new', 'stop b', 'start b', 'start gone'],
    ]);
    expect(world.states()).toEqual({ a: 'running', b: 'running', gone: 'running' });
    expect(world.events.at(-1)).toEqual({ kind: 'apply-undone', reason, durationMs: 0, restored: true });
    // The old spec counts again: its strategy, and its intensity of one.
    world.ends('a', CRASH);
    expect(world.news()).toEqual(['stop gone', 'stop b', 'start a', 'start b', 'start gone']);
    world.ends('a', CRASH);
    expect(world.over).toBe(true);
  });

  test('brings back temporary children, and nobody who did not run', () => {
    const temporary = child('t', { restart: 'temporary' });
    const ended = child('ended', { restart: 'temporary' });
    const world = up(
      supervisor([temporary, ended, child('stopped'), child('a')], { strategy: 'one_for_all' }),
    );
    world.ends('ended', NORMAL);
    world.ask({ op: 'terminateChild', id: 'stopped' });
    world.news();
    world.answerStart = (id) => (id === 'bad' ? CRASH : 'ok');
    const target = [
      temporary,
      second('ended', { restart: 'temporary' }),
      second('stopped'),
      second('a'),
      child('bad'),
    ];
    world.ask(to(supervisor(target, { strategy: 'one_for_all' })));
    expect(world.states()).toEqual({ t: 'running', stopped: 'stopped', a: 'running' });
    const last = (id: string) => {
      const starts = world.effects.filter((effect) => effect.type === 'startChild' && effect.id === id);
      return starts.at(-1);
    };
    expect(last('a')).toMatchObject({ spec: { version: '' } });
    expect(last('t')).toMatchObject({ spec: { start: { module: 't' } } });
  });

  test('cannot bring back who was started at run time and is temporary: nobody has kept what it was started from', () => {
    const world = up(supervisor(of('a'), { strategy: 'one_for_all' }));
    world.ask({ op: 'startChild', child: child('x', { restart: 'temporary' }) });
    world.ask({ op: 'startChild', child: child('y') });
    world.answerStart = failsAsSecond;
    world.ask(to(supervisor([second('a')], { strategy: 'one_for_all' })));
    expect(world.states()).toEqual({ a: 'running', y: 'running' });
  });

  test('starts nobody who had ended as it should before the apply had its turn', () => {
    const transient = { restart: 'transient' } as const;
    const fixed = up(supervisor([child('a', transient), child('b')], { strategy: 'one_for_all' }));
    const dynamic = up(supervisor([child('t', transient)], simple));
    for (const _ of [1, 2]) dynamic.ask({ op: 'startChild', extra: undefined });
    for (const [world, ended, target] of [
      [fixed, 'a', supervisor([child('a', transient), second('b')], { strategy: 'one_for_all' })],
      [dynamic, '#1', supervisor([second('t', transient)], simple)],
    ] as const) {
      // The end, and then the apply, wait for a start that is under way.
      world.answerStart = () => 'wait';
      const isFixed = world === fixed;
      world.request(
        isFixed ? { op: 'startChild', child: child('x') } : { op: 'startChild', extra: undefined },
      );
      world.request(to(target));
      world.ends(ended, NORMAL);
      world.answerStart = (id, _incarnation, spec) => (id !== ended && spec.version === '2' ? CRASH : 'ok');
      world.comesUp(isFixed ? 'x' : '#3');
      expect(world.states()).toEqual(
        isFixed ? { a: 'stopped', b: 'running', x: 'running' } : { '#2': 'running', '#3': 'running' },
      );
    }
  });

  test('keeps messages for who comes back, and not for who does not', () => {
    const world = up(supervisor(of('a')));
    world.answerStart = failsAsSecond;
    world.effects.length = 0;
    world.ask(to(supervisor([child('a'), second('new')])));
    expect(world.parked.get('new')).toBe(false);
    world.ask(to(supervisor([second('a')])));
    const words = world.effects.flatMap((effect) =>
      effect.type === 'parking' && effect.id === 'a' ? [effect.willRestart] : [],
    );
    expect(words).toEqual([true, true]);
    expect(world.events).toContainEqual(
      expect.objectContaining({ kind: 'failed', id: 'a', phase: 'start', willRestart: false }),
    );
  });

  test('on the way back is left to the ordinary rules, and is said', () => {
    const world = up(supervisor(of('a', 'b', 'c'), { intensity: 3 }));
    let failures = 2;
    world.answerStart = (id, _incarnation, spec) => {
      if (spec.version === '2' && id === 'c') return CRASH;
      if (spec.version === '' && id === 'a' && failures > 0) {
        failures -= 1;
        return CRASH;
      }
      return 'ok';
    };
    const result = world.ask(to(supervisor([second('a'), second('b'), second('c')])));
    expect(result).toMatchObject({ ok: false, error: 'start_failed', restored: false });
    expect(world.news()).toEqual([
      ...['stop c', 'stop b', 'stop a', 'start a', 'start b', 'start c'],
      ...['stop b', 'stop a', 'start a', 'start b', 'start c'],
      // Twice more, one after the other, as any restart.
      ...['start a', 'start a'],
    ]);
    expect(world.states()).toEqual({ a: 'running', b: 'running', c: 'running' });
    const told = world.events.filter(({ kind }) => ['apply-undone', 'restarting'].includes(kind));
    expect(told).toMatchObject([
      { kind: 'apply-undone', restored: false },
      { kind: 'restarting', id: 'a', count: 1 },
      { kind: 'restarting', id: 'a', count: 2 },
    ]);
  });

  test('on the way back of a temporary child is the end of it', () => {
    const temporary = { restart: 'temporary' } as const;
    const world = up(supervisor([child('t', temporary)]));
    world.answerStart = () => CRASH;
    const target = supervisor([second('t', temporary)]);
    expect(world.ask(to(target))).toMatchObject({ ok: false, restored: false });
    expect(world.news()).toEqual(['stop t', 'start t', 'start t']);
    expect(world.states()).toEqual({});
    expect(world.over).toBe(false);
  });

  test('on the way back counts: one restart too many ends the supervisor', () => {
    const world = up(supervisor(of('a'), { intensity: 1 }));
    world.answerStart = () => CRASH;
    expect(world.ask(to(supervisor([second('a')])))).toMatchObject({ restored: false });
    expect(world.news().at(-1)).toBe('ended shutdown');
    expect(world.parked.get('a')).toBe(false);
  });

  test('a child that says ignore has not failed', () => {
    const world = up(supervisor(of('a')));
    world.answerStart = () => 'ignore';
    expect(apply(world, [second('a'), child('b')])).toEqual(['stop a', 'start a', 'start b']);
    expect(world.states()).toEqual({ a: 'stopped', b: 'stopped' });
  });
});

describe('one operation at a time', () => {
  test('what is asked meanwhile waits its turn, and questions are answered at once', () => {
    const world = up(supervisor(of('a')));
    world.answerStart = () => 'wait';
    const first = world.request(to(supervisor([second('a')])));
    const added = world.request({ op: 'startChild', child: child('x') });
    const next = world.request(to(supervisor(of('a'))));
    expect(world.states()).toEqual({ a: 'starting' });
    expect([...world.replies.keys()]).not.toContain(first);
    world.answerStart = () => 'ok';
    world.comesUp('a');
    expect([first, added, next].map((id) => world.replies.get(id)?.ok)).toEqual([true, true, true]);
    expect(world.news()).toEqual(['stop a', 'start a', 'start x', 'stop a', 'start a']);
  });

  test('the end of the supervisor ends it, whatever it is at', () => {
    for (const moment of ['stop', 'start'] as const) {
      const world = up(supervisor(of('a', 'b')));
      if (moment === 'stop') world.answerStop = () => 'wait';
      else world.answerStart = () => 'wait';
      const request = world.request(to(supervisor([second('a'), second('b')])));
      world.stop();
      expect(world.replies.get(request)).toEqual({ ok: false, error: 'shutdown' });
      world.kill();
      expect([moment, world.over]).toEqual([moment, true]);
    }
  });

  test('a step that nobody waits for is refused', () => {
    const world = up(supervisor(of('a')));
    for (const step of ['start', 'undo', 'done'] as const)
      expect(world.ask({ op: 'goOn', step })).toEqual({ ok: false, error: 'bad_argument' });
    world.answerStart = () => 'wait';
    world.request(to(supervisor([second('a')])));
    expect(world.ask({ op: 'goOn', step: 'done' })).toEqual({ ok: false, error: 'bad_argument' });
  });
});
