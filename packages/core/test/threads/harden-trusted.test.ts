import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testWall, type TestGuest, type TestWall } from './thread-fixture.js';

let walls: TestWall;
let guest: TestGuest;

beforeAll(async () => {
  walls = testWall();
  guest = await walls.start({ env: { GIVEN: 'yes' } });
});

afterAll(() => walls.close());

/** What is removed, and how each of the three ways to a built-in module reaches it. */
const REMOVED: readonly (readonly [string, string])[] = [
  ['inspector', 'Session'],
  ['inspector', 'open'],
  ['inspector', 'url'],
  ['inspector', 'waitForDebugger'],
  ['v8', 'setFlagsFromString'],
  ['v8', 'setHeapSnapshotNearHeapLimit'],
  ['worker_threads', 'BroadcastChannel'],
  ['worker_threads', 'setEnvironmentData'],
  ['worker_threads', 'getEnvironmentData'],
  ['process', 'binding'],
  ['process', '_linkedBinding'],
  ['process', 'abort'],
  ['process', 'reallyExit'],
  ['process', '_getActiveHandles'],
  ['process', '_getActiveRequests'],
];

const WAYS: readonly (readonly [string, (module: string) => string])[] = [
  ['require', (module) => `require('${module}')`],
  ['import', (module) => `await load('node:${module}')`],
  ['getBuiltinModule', (module) => `process.getBuiltinModule('${module}')`],
];

describe('hardening of a trusted thread', () => {
  for (const [module, name] of REMOVED) {
    test.each(WAYS)(`${module}.${name}: reached by %s, throws api_removed`, async (_way, reach) => {
      const called = await guest.run(`async () => { const m = ${reach(module)}; return m.${name}('x'); }`);
      expect(called.code).toBe('api_removed');
      const made = await guest.run(`async () => { const m = ${reach(module)}; return new m.${name}('x'); }`);
      expect(made.code).toBe('api_removed');
    });
  }

  test.each(WAYS)(
    'the Session of inspector/promises, reached by %s, throws api_removed',
    async (_way, reach) => {
      const made = await guest.run(`async () => new (${reach('inspector/promises')}).Session()`);
      expect(made.code).toBe('api_removed');
    },
  );

  test('the global BroadcastChannel throws api_removed', async () => {
    expect((await guest.run(`() => new BroadcastChannel('x')`)).code).toBe('api_removed');
  });

  test.each([
    'process.pid',
    '-process.pid',
    '0',
    '-1',
    'String(process.pid)',
    '{ valueOf: () => process.pid }',
  ])('process.kill(%s) throws api_removed', async (pid) => {
    const answer = await guest.run(`() => process.kill(${pid}, 'SIGTERM')`);
    expect(answer.error).toBeDefined();
    expect(answer.code === 'api_removed' || answer.code === 'ERR_INVALID_ARG_TYPE').toBe(true);
  });

  test('process.kill with signal 0 and of another process go on as ever', async () => {
    expect((await guest.run(`() => process.kill(process.pid, 0)`)).value).toBe(true);
    const killed = await guest.run(`() => new Promise((resolve) => {
      const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
      child.on('exit', (code, signal) => resolve(signal));
      child.on('spawn', () => process.kill(child.pid, 'SIGKILL'));
    })`);
    expect(killed.value).toBe('SIGKILL');
  });

  test('the diagnostic report, which shows the real environment, is not there', async () => {
    expect((await guest.run(`() => typeof process.report`)).value).toBe('undefined');
    expect((await guest.run(`async () => typeof (await load('node:process')).report`)).value).toBe(
      'undefined',
    );
  });

  test('parentPort and workerData are gone from the module, by require and by import', async () => {
    const byRequire = `() => { const w = require('worker_threads'); return [w.parentPort, w.workerData]; }`;
    expect((await guest.run(byRequire)).value).toEqual([null, null]);
    const byImport = `async () => { const w = await load('worker_threads'); return [w.parentPort, w.workerData]; }`;
    expect((await guest.run(byImport)).value).toEqual([null, null]);
  });

  test('process.env holds what was given and nothing else', async () => {
    expect((await guest.run(`() => ({ ...process.env })`)).value).toEqual({ GIVEN: 'yes' });
  });

  test('add-ons, child processes, files and nested workers are kept', async () => {
    const kept = await guest.run(`() => [typeof process.dlopen, typeof require('child_process').spawn,
      typeof require('fs').readFileSync, typeof require('worker_threads').Worker]`);
    expect(kept.value).toEqual(['function', 'function', 'function', 'function']);
  });

  test('the guard has taken its tool before the guest runs', async () => {
    expect(
      (
        await guest.run(
          `() => Reflect.ownKeys(globalThis).filter((key) => String(key).includes('espalier')).length`,
        )
      ).value,
    ).toBe(0);
    expect((await guest.run(`() => typeof globalThis.gc`)).value).toBe('undefined');
  });

  test('no port can be found from the standard streams', async () => {
    const found = await guest.run(`() => [process.stdin, process.stdout, process.stderr].flatMap((stream) => {
      const { MessagePort } = require('worker_threads');
      return Reflect.ownKeys(stream).filter((key) => stream[key] instanceof MessagePort);
    }).length`);
    expect(found.value).toBe(0);
  });
});

describe('the end that a guest chooses', () => {
  test('process.exit ends the environment after its exit listeners, and its code is no reason', async () => {
    const leaver = await walls.start();
    leaver.post(`() => { process.on('exit', (code) => say(['exit', code])); process.exit(7); }`);
    expect(await leaver.next()).toEqual(['exit', 7]);
    expect(await leaver.ended).toEqual({ kind: 'unexplained', exitCode: 7 });
  });

  test('a thrown error that carries the code of an exhausted heap is no limit', async () => {
    const forger = await walls.start();
    forger.post(`() => { setTimeout(() => {
      throw Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY', name: 'Error' });
    }, 0); return 1; }`);
    expect((await forger.ended).kind).toBe('unexplained');
    expect(walls.printed.some(({ text }) => text.includes('heap'))).toBe(true);
  });
});
