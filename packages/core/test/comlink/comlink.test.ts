import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { callback, expose, wrap, type ApiOf, type Remote } from '../../src/comlink/index.js';
import { CallError, EnvironmentError, server } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';
import { store, watcher } from './store.js';

type StoreApi = ApiOf<{ default: typeof store }>;

let simulation: Simulation;
let remote: Remote<StoreApi>;

beforeEach(async () => {
  simulation = new Simulation({ seed: 7 });
  await simulation.start([
    simulation.child('store', { behaviour: store }),
    simulation.child('watcher', { behaviour: watcher, name: 'watcher' }),
  ]);
  remote = wrap<StoreApi>(simulation.context, 'store');
});

afterEach(() => {
  Reflect.deleteProperty(Object.prototype, 'polluted');
});

async function failure(promise: Promise<unknown>): Promise<CallError> {
  const error = await simulation.settle(
    promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    ),
  );
  expect(error).toBeInstanceOf(CallError);
  return error as CallError;
}

/** Says to the exposed object what no client of ours would say. */
function say(message: unknown): Promise<unknown> {
  return simulation.context.call('store', 'api', [message]);
}

const request = (fields: object): object => ({
  kind: 'request',
  session: null,
  request: { type: 'APPLY', path: ['get'], argumentList: [{ type: 'RAW', value: [] }], ...fields },
});

describe('comlink: an exposed object', () => {
  test('its listed methods are called and give their results', async () => {
    expect(await simulation.settle(remote.put('a', new Map([[1, -0]])))).toBe(1);
    expect(await simulation.settle(remote.get('a'))).toEqual(new Map([[1, -0]]));
  });

  test('what a method throws reaches the caller with its code, and the object goes on', async () => {
    const error: unknown = await simulation.settle(remote.fail().catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ name: 'RangeError', message: 'no', code: 'ODD' });
    expect(await simulation.settle(remote.put('a', 1))).toBe(1);
  });

  test('a result that is no value rejects its call alone', async () => {
    expect((await failure(remote.odd())).code).toBe('value_refused');
    expect(await simulation.settle(remote.put('a', 1))).toBe(1);
  });

  test('other calls of the server are not in its way', async () => {
    expect(await simulation.settle(simulation.context.call('store', 'plain', []))).toBe('a call beside it');
  });
});

describe('comlink: what cannot be reached', () => {
  test.each(['secret', 'constructor', '__proto__', 'toString', 'held', 'bind', 'hasOwnProperty', 'apply'])(
    'a method that is not listed is not there: %s',
    async (name) => {
      expect(
        (await failure((remote as unknown as Record<string, () => Promise<unknown>>)[name]!())).code,
      ).toBe('no_such_operation');
    },
  );

  test.each([
    ['the way to the Function constructor', { path: ['constructor', 'constructor'] }],
    ['the same below a method', { path: ['get', 'constructor'] }],
    ['the same by construction', { type: 'CONSTRUCT', path: ['get', 'constructor'] }],
    ['construction of a method', { type: 'CONSTRUCT' }],
    ['a prototype', { path: ['__proto__', 'put'] }],
    ['a method of a method', { path: ['get', 'call'] }],
    ['the object itself', { path: [] }],
    ['reading', { type: 'GET' }],
    ['reading everything', { type: 'GET', path: [] }],
    ['writing', { type: 'SET', value: { type: 'RAW', value: 1 } }],
    [
      'writing a prototype',
      { type: 'SET', path: ['__proto__', 'polluted'], value: { type: 'RAW', value: 1 } },
    ],
    ['a raw port', { type: 'ENDPOINT', path: [] }],
    ['the release for everybody', { type: 'RELEASE', path: [] }],
    ['a transfer handler', { argumentList: [{ type: 'HANDLER', name: 'proxy', value: [] }] }],
    [
      'a handler that throws in the exposing thread',
      { argumentList: [{ type: 'HANDLER', name: 'throw', value: {} }] },
    ],
    ['arguments of no shape', { argumentList: 'x' }],
    ['arguments with holes in their shape', { argumentList: [{ type: 'RAW', value: [null] }] }],
    [
      'too many arguments',
      { argumentList: [{ type: 'RAW', value: Array.from({ length: 300 }, () => ({ value: 1 })) }] },
    ],
    ['a path that is no list', { path: { length: 1, 0: 'get' } }],
    ['a name that is no string', { path: [{ toString: 1 }] }],
    ['a callback number that is none', { argumentList: [{ type: 'RAW', value: [{ callback: -1 }] }] }],
  ])('%s is refused, and the object goes on', async (_, fields) => {
    expect((await failure(say(request(fields)))).code).toBe('refused');
    expect(await simulation.settle(remote.put('after', 1))).toBe(1);
    expect('polluted' in {}).toBe(false);
  });

  test.each([
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { kind: 'open' },
    { kind: 'open', session: 'short' },
    { kind: 'odd', session: 'a'.repeat(32) },
  ])('a message of no shape is refused: %j', async (message) => {
    expect((await failure(say(message))).code).toBe('refused');
  });

  test('a remote object cannot be written to, extended or constructed', () => {
    const hostile = remote as unknown as Record<string, unknown> & { __proto__: object };
    const code = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return (error as { code?: unknown }).code ?? (error as Error).name;
      }
    };
    expect(code(() => (hostile['put'] = 1))).toBe('refused');
    expect(code(() => (hostile.__proto__ = {}))).toBe('refused');
    expect(code(() => Object.defineProperty(hostile, 'x', { value: 1 }))).toBe('refused');
    expect(code(() => delete hostile['put'])).toBe('refused');
    expect(code(() => Object.setPrototypeOf(hostile, {}))).toBe('TypeError');
    expect(code(() => new (hostile['put'] as new () => object)())).toBe('TypeError');
  });

  test('no raw port crosses, and no function that is not marked', async () => {
    const { port1, port2 } = new MessageChannel();
    expect((await failure(remote.put('port', port1))).code).toBe('value_refused');
    expect((await failure(remote.put('function', () => 1))).code).toBe('value_refused');
    port1.close();
    port2.close();
  });

  test.each(['constructor', '__proto__', 'prototype', 'then', 'bind'])('%s cannot be exposed', (name) => {
    expect(() => expose({ methods: [name as never], api: () => ({}) })).toThrow(EnvironmentError);
  });

  test('a listed name that is no method ends the server when the first client comes', async () => {
    const behaviour = server({ calls: { api: expose({ methods: ['size'], api: () => ({ size: 1 }) }) } });
    const other = new Simulation();
    await other.start([other.child('s', { behaviour })]);
    const error = await other.settle(
      other.context.call('s', 'api', [request({})]).catch((thrown: unknown) => thrown),
    );
    expect(error).toMatchObject({ code: 'down', reason: { tag: 'error', detail: { code: 'module_unfit' } } });
  });
});

describe('comlink: ends and bounds', () => {
  test('calls reject when the environment that has the object dies', async () => {
    const held = failure(remote.hold());
    await simulation.quiet();
    simulation.crash('tree/store');
    expect((await held).code).toBe('down');
  });

  test('a call of a name that nobody has rejects', async () => {
    expect((await failure(wrap<StoreApi>(simulation.context, 'nobody').get('a'))).code).toBe('noproc');
  });

  test('more calls under way than `maxInFlight` of the object are refused with `full`', async () => {
    const held = Array.from({ length: 4 }, () => remote.hold());
    expect((await failure(remote.put('a', 1))).code).toBe('full');
    expect(held).toHaveLength(4);
  });

  test('more calls under way than `maxInFlight` of the client never leave it', async () => {
    const client = wrap<StoreApi>(simulation.context, 'store', { maxInFlight: 1 });
    const held = client.hold();
    const error = await failure(client.put('a', 1));
    expect(error).toMatchObject({ code: 'full', field: 'maxInFlight', value: 1 });
    expect(await simulation.settle(remote.letGo())).toBe(1);
    expect(await simulation.settle(held)).toBe('let go');
  });

  test('an AbortSignal ends the calls of a client', async () => {
    const abort = new AbortController();
    const held = failure(wrap<StoreApi>(simulation.context, 'store', { signal: abort.signal }).hold());
    await simulation.quiet();
    abort.abort();
    expect((await held).code).toBe('cancelled');
  });
});

describe('comlink: callbacks', () => {
  test('a callback runs where it was made, and its result goes back', async () => {
    const heard: unknown[] = [];
    await simulation.settle(
      remote.watch(callback((value) => `${String(heard.push(value))} of ${String(value)}`)),
    );
    expect(await simulation.settle(remote.tell('x', 'y'))).toEqual(
      expect.arrayContaining(['1 of x', '2 of y']),
    );
    expect(heard).toEqual(['x', 'y']);
  });

  test('what a callback throws reaches the one that called it', async () => {
    const watching = callback(() => {
      throw Object.assign(new Error('not now'), { code: 'BUSY' });
    });
    await simulation.settle(remote.watch(watching));
    expect(await simulation.settle(remote.tell('x'))).toContain('rejected: BUSY');
  });

  test('a value that cannot be sent rejects its own call of the callback, not those beside it', async () => {
    const heard: unknown[] = [];
    await simulation.settle(
      remote.watch(callback((value) => (value === 'odd' ? () => 1 : heard.push(value)))),
    );
    const told = await simulation.settle(remote.tell('x', 'odd', 'y'));
    expect(told).toEqual(expect.arrayContaining(['rejected: value_refused', 1, 2]));
  });

  test('a revoked callback is not called any more, and calls that are under way reject', async () => {
    let called = 0;
    const watching = callback(() => {
      called += 1;
      return new Promise(() => undefined);
    });
    await simulation.settle(remote.watch(watching));
    const told = remote.tell('x');
    await simulation.quiet();
    watching.revoke();
    expect(await simulation.settle(told)).toContain('rejected: noproc');
    expect(await simulation.settle(remote.tell('y'))).toContain('rejected: noproc');
    expect(called).toBe(1);
    expect((await failure(remote.watch(watching))).code).toBe('noproc');
  });

  test('a released callback is forgotten on both sides', async () => {
    let called = 0;
    await simulation.settle(remote.watch(callback(() => (called += 1))));
    await simulation.settle(remote.forgetAll());
    expect(await simulation.settle(remote.tell('x'))).toEqual(['rejected: noproc', 'rejected: noproc']);
    expect(called).toBe(0);
  });

  test('whatever dies and whenever, every call ends once', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const run = new Simulation({ seed });
      await run.start([
        run.child('store', { behaviour: store }),
        run.child('watcher', { behaviour: watcher, name: 'watcher' }),
      ]);
      const client = wrap<StoreApi>(run.context, 'store');
      const ends: string[] = [];
      const own = callback(() => 'own');
      const calls = [
        client.watch(own),
        ...['a', 'b', 'c'].map((value) => client.tell(value)),
        client.put('x', 1),
      ];
      for (const call of calls)
        call.then(
          () => ends.push('given'),
          (error: unknown) => ends.push((error as CallError).code),
        );
      for (let steps = run.random.below(30); steps > 0; steps -= 1) await run.step(run.clock.now());
      run.crash(run.random.below(2) === 0 ? 'tree/store' : 'tree/watcher');
      if (run.random.below(2) === 0) own.revoke();
      await run.quiet();
      expect({ seed, ends: ends.length }).toEqual({ seed, ends: calls.length });
      expect(ends.filter((end) => !['given', 'down', 'noproc', 'full'].includes(end))).toEqual([]);
    }
  });

  test('a callback dies with the environment that owns it', async () => {
    expect(await simulation.settle(remote.tell('x'))).toEqual([1]);
    simulation.crash('tree/watcher');
    await simulation.quiet();
    expect(await simulation.settle(remote.tell('y'))).toEqual(['rejected: down']);
  });

  test('calls of a callback that are under way reject when its owner dies', async () => {
    const told = remote.tell('hold');
    await simulation.quiet();
    expect(await simulation.settle(simulation.context.call('watcher', 'heard', []))).toEqual(['hold']);
    simulation.crash('tree/watcher');
    expect(await simulation.settle(told)).toEqual(['rejected: down']);
  });

  test('a client whose session is taken up by somebody else is not called in its place', async () => {
    const session = 'a'.repeat(32);
    const client = wrap<StoreApi>(simulation.context, 'store', { newId: () => session });
    await simulation.settle(client.watch(callback(() => 'mine')));
    expect((await failure(say({ kind: 'open', session }))).code).toBe('refused');
    expect((await failure(say({ kind: 'next', session: 'b'.repeat(32) }))).code).toBe('noproc');
  });

  test('more clients with callbacks than `maxSessions` are refused', async () => {
    const clients = [1, 2].map(() => wrap<StoreApi>(simulation.context, 'store'));
    const outcomes = await Promise.all(
      clients.map((client) =>
        simulation.settle(
          client.watch(callback(() => 1)).then(
            () => 'watched',
            (error: unknown) => (error as CallError).code,
          ),
        ),
      ),
    );
    expect(outcomes).toEqual(['watched', 'noproc']);
  });

  test('the number of a callback of another session reaches nothing', async () => {
    const attack = request({ path: ['watch'], argumentList: [{ type: 'RAW', value: [{ callback: 1 }] }] });
    expect((await failure(say(attack))).code).toBe('noproc');
    expect((await failure(say({ ...attack, session: 'b'.repeat(32) }))).code).toBe('noproc');
  });
});
