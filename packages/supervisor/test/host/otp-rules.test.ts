/** Rules of OTP's supervisor that only show when real threads start, end and do not listen. */
import { describe, expect, test } from '@jest/globals';
import type { Way } from '../fixtures/host/deaf.js';
import { errorOf, fixture, hostStarter, template, there, worker, type Worker } from './embedded.js';

const startHost = hostStarter();

describe('a child that has cut itself off cannot hang its supervisor', () => {
  test.each<[Way, string]>([
    ['loop', 'killed'],
    ['trap', 'killed'],
    // Its word stands, although it had to be ended.
    ['stay', 'shutdown'],
  ])('%s: it is ended after its time, and nobody waits for it any longer', async (way, tag) => {
    const { host, reported } = await startHost([]);
    const deaf = { id: 'deaf', module: fixture('deaf'), args: way, shutdown: 50 };
    await host.startChild('tree', deaf);
    await host.send('deaf', 'go');
    if (way === 'loop') await errorOf(host.call('deaf', 'anything', [], { timeoutMs: 50 }));
    await host.terminateChild('tree/deaf');
    expect(await reported(({ kind }) => kind === 'stopped')).toMatchObject({
      id: 'deaf',
      reason: { tag },
      expected: tag === 'shutdown',
    });
    expect((await host.facts()).threads).toEqual([]);
  });

  test('brutal_kill does not ask', async () => {
    const { host, reported } = await startHost([worker('a', { shutdown: 'brutal_kill' })]);
    await host.terminateChild('tree/a');
    expect(await reported(({ kind }) => kind === 'stopped')).toMatchObject({
      reason: { tag: 'killed' },
      expected: true,
    });
  });
});

describe('names', () => {
  test('are free before anybody hears of an end: whoever hears can take the name', async () => {
    const { host } = await startHost([worker('a', { restart: 'temporary' })]);
    const { context } = host;
    for (let round = 0; round < 5; round += 1) {
      await context.monitor('a');
      await host.kill('tree/a');
      await context.receive({ match: ({ type }) => type === 'down' });
      await context.register('a');
      await context.unregister('a');
      await host.startChild('tree', worker('a', { restart: 'temporary' }));
    }
  });

  test('of a restarted child are its own again, in a group restart too', async () => {
    const { host, reported } = await startHost([worker('a', { args: 1 }), worker('b', { args: 2 })], {
      strategy: 'one_for_all',
    });
    await errorOf(host.ref<Worker>('a').call.exit({ tag: 'error' }));
    await reported((event) => event.kind === 'restarted' && event.id === 'b');
    expect(await host.ref<Worker>('a').call.args()).toBe(1);
    expect(await host.ref<Worker>('b').call.args()).toBe(2);
  });
});

describe('the end of a supervisor', () => {
  test('intensity 0: the first failure ends it with shutdown, one level up it is a child’s end like any other', async () => {
    const { host, reported, history } = await startHost([
      { id: 'inner', intensity: 0, children: [worker('a'), worker('b')] },
    ]);
    await errorOf(host.ref<Worker>('a').call.exit({ tag: 'error' }));
    expect(await reported(({ kind }) => kind === 'restarted')).toMatchObject({ id: 'inner', incarnation: 2 });
    expect(history().slice(3)).toEqual([
      'failed a',
      'escalated a',
      'stopped b',
      'ended inner',
      'restarting inner',
      'started a',
      'started b',
      'restarted inner',
    ]);
  });

  test('when the root gives up, the host says so with the reason', async () => {
    const { host } = await startHost([worker('a')], { intensity: 0 });
    await errorOf(host.ref<Worker>('a').call.exit({ tag: 'error' }));
    expect(await host.ended).toMatchObject({ path: 'tree', reason: { tag: 'shutdown' } });
    expect((await errorOf(host.whichChildren('tree'))).code).toBe('noproc');
  });

  test('automatic shutdown comes by a significant child’s own end, and not by terminateChild', async () => {
    const significant = { restart: 'transient', significant: true } as const;
    const { host } = await startHost([worker('a', significant), worker('b', significant)], {
      autoShutdown: 'any_significant',
    });
    await host.terminateChild('tree/a');
    expect(await host.countChildren('tree')).toMatchObject({ active: 1 });
    await errorOf(host.ref<Worker>('b').call.exit({ tag: 'normal' }));
    expect(await host.ended).toMatchObject({ reason: { tag: 'shutdown' } });
  });

  test('forgets what was added to it: restarted, it has the children of its spec', async () => {
    const { host, reported } = await startHost([{ id: 'inner', intensity: 0, children: [worker('a')] }]);
    await host.startChild('tree/inner', worker('b'));
    await errorOf(host.ref<Worker>('b').call.exit({ tag: 'error' }));
    await reported((event) => event.kind === 'restarted' && event.id === 'inner');
    expect((await host.whichChildren('tree/inner')).map(({ id }) => id)).toEqual(['a']);
  });
});

describe('children of a template', () => {
  test('are stopped all at once: the one that takes longest decides', async () => {
    const { host, history } = await startHost([template('jobs')]);
    for (let n = 0; n < 3; n += 1) await host.startChild('tree/jobs');
    await host.terminateChild('tree/jobs');
    const stopped = history().filter((line) => line.startsWith('stopped #'));
    expect(stopped.toSorted()).toEqual(['stopped #1', 'stopped #2', 'stopped #3']);
    expect(there(await host.restartChild('tree/jobs')).incarnation).toBe(2);
    // A new life of the supervisor counts from the beginning.
    expect(await host.startChild('tree/jobs')).toMatchObject({ id: '#1' });
  });
});
