import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { CallError, EnvironmentError } from '@espalier/core';
import { start, type Host, type TreeEvent, type TreeSpec } from '../src/index.js';

type Tasks = typeof import('./fixtures/pool/tasks.js');

const TASKS = new URL('./fixtures/pool/tasks.ts', import.meta.url);

const folder = mkdtempSync(join(tmpdir(), 'espalier-pool-'));
const hosts: Host[] = [];
let printed: string[] = [];
let heard: () => void = () => undefined;
let events: TreeEvent[] = [];

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  printed = [];
  events = [];
  rmSync(join(folder, 'go'), { force: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function listen(_path: string, _stream: string, text: string): void {
  printed.push(...text.trimEnd().split('\n'));
  heard();
}

interface PoolFields {
  minThreads?: number;
  maxThreads?: number;
  queue?: number;
  concurrentTasks?: number;
  idleTimeoutMs?: number;
}

async function startPool(pool: PoolFields = {}, fields: object = {}, module: URL = TASKS): Promise<Host> {
  const spec: TreeSpec = {
    intensity: 0,
    children: [{ id: 'pool', pool: { module, maxThreads: 1, ...pool }, ...fields }],
  };
  const host = await start(spec, {
    embedded: true,
    base: pathToFileURL(`${folder}/`),
    spares: { total: 0 },
    onEvent: (event) => events.push(event),
    onOutput: listen,
  });
  hosts.push(host);
  return host;
}

async function tasksOf(pool: PoolFields = {}, fields: object = {}) {
  return (await startPool(pool, fields)).ref<Tasks>('pool');
}

/** Resolves when `line` has been printed so often. */
function lines(line: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    heard = () => {
      if (printed.filter((text) => text.startsWith(line)).length >= count) resolve();
    };
    heard();
  });
}

function failure(promise: Promise<unknown>): Promise<CallError> {
  return promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(CallError);
      return error as CallError;
    },
  );
}

describe('pool: results and errors', () => {
  test('the default export is called `run`, other functions by their names', async () => {
    const pool = await tasksOf();
    expect(await pool.call.run(21)).toBe(42);
    expect(await pool.call.echo(new Map([['a', [1n, -0, undefined]]]))).toEqual(
      new Map([['a', [1n, -0, undefined]]]),
    );
  });

  test('what a task throws rejects its call, and its thread goes on', async () => {
    const pool = await tasksOf();
    const before = await pool.call.thread();
    const error = await failure(pool.call.bang());
    expect(error.code).toBe('task_failed');
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'bang', code: 'ODD' });
    expect((error.cause as Error).stack).toContain('tasks.ts');
    expect(await pool.call.thread()).toBe(before);
  });

  test('an operation that the module does not export is refused by name', async () => {
    const host = await startPool();
    for (const name of ['nothing', 'constructor', '__proto__', 'default', '']) {
      expect((await failure(host.call('pool', name, []))).code).toBe('no_such_operation');
    }
  });

  test('a result that is no value is an error of the task, shared memory among them', async () => {
    const error = await failure((await tasksOf()).call.handOut());
    expect(error).toMatchObject({ code: 'task_failed', cause: { code: 'value_refused' } });
  });

  test('an address is refused as an argument: a task has nobody to send to', async () => {
    const host = await startPool();
    expect((await failure(host.ref<Tasks>('pool').call.echo([host.context.self]))).code).toBe(
      'value_refused',
    );
  });

  test('bindings of the spec are found in `this`', async () => {
    const pool = await tasksOf({}, { bindings: { size: { width: 3 } } });
    expect(await pool.call.bound('size')).toEqual({ width: 3 });
  });
});

describe('pool: bounds', () => {
  test('a call beyond the queue is refused with `full`, and those within it are served in order', async () => {
    const pool = await tasksOf({ queue: 2 });
    const running = pool.call.until(join(folder, 'go'));
    const waiting = [pool.call.say('first'), pool.call.say('second')];
    expect((await failure(pool.call.say('third'))).code).toBe('full');
    writeFileSync(join(folder, 'go'), '');
    await Promise.all([running, ...waiting]);
    await lines('second', 1);
    expect(printed).toEqual(['loaded', 'first', 'second']);
  });

  test('no more threads than `maxThreads` run tasks', async () => {
    const pool = await tasksOf({ maxThreads: 2 });
    const go = join(folder, 'go');
    const both = [pool.call.until(go), pool.call.until(go)];
    const more = Array.from({ length: 6 }, () => pool.call.thread());
    await lines('loaded', 2);
    writeFileSync(go, '');
    expect(new Set(await Promise.all([...both, ...more])).size).toBe(2);
    expect(new Set(await Promise.all(both)).size).toBe(2);
  });

  test('`minThreads` are there before a task comes', async () => {
    await startPool({ minThreads: 3, maxThreads: 3 });
    await lines('loaded', 3);
    expect(printed).toEqual(['loaded', 'loaded', 'loaded']);
  });

  test('a thread above `minThreads` ends when it has been idle for `idleTimeoutMs`', async () => {
    const pool = await tasksOf({ minThreads: 0, idleTimeoutMs: 1 });
    const first = await pool.call.thread();
    let next = first;
    while (next === first) {
      // The thread of the pool, not the test, has to do nothing for a while.
      await new Promise((resolve) => setTimeout(resolve, 5));
      next = await pool.call.thread();
    }
    expect(next).not.toBe(first);
  });

  test('`concurrentTasks` run in one thread at the same time', async () => {
    const pool = await tasksOf({ concurrentTasks: 2 });
    const running = pool.call.until(join(folder, 'go'));
    const thread = await pool.call.thread();
    writeFileSync(join(folder, 'go'), '');
    expect(await running).toBe(thread);
  });
});

describe('pool: cancellation', () => {
  test('a call that is cancelled while it waits never runs, and frees its place', async () => {
    const pool = await tasksOf({ queue: 1 });
    const abort = new AbortController();
    const running = pool.call.until(join(folder, 'go'));
    const waiting = pool.with({ signal: abort.signal }).call.say('cancelled');
    abort.abort();
    expect((await failure(waiting)).code).toBe('cancelled');
    const next = pool.call.say('next');
    writeFileSync(join(folder, 'go'), '');
    await Promise.all([running, next]);
    await lines('next', 1);
    expect(printed).toEqual(['loaded', 'next']);
  });

  test('the thread of a running call that is cancelled is ended and replaced', async () => {
    const pool = await tasksOf();
    const before = await pool.call.thread();
    const abort = new AbortController();
    const looping = pool.with({ signal: abort.signal }).call.loop();
    const waiting = pool.call.thread();
    abort.abort();
    expect((await failure(looping)).code).toBe('cancelled');
    expect(await waiting).not.toBe(before);
  });

  test('a call that times out gives its thread back', async () => {
    const pool = await tasksOf();
    expect((await failure(pool.with({ timeoutMs: 50 }).call.loop())).code).toBe('timeout');
    expect(await pool.call.run(1)).toBe(2);
  });

  test('a thread that runs several tasks is not ended for one of them', async () => {
    const pool = await tasksOf({ concurrentTasks: 2 });
    const abort = new AbortController();
    const thread = await pool.call.thread();
    const running = pool.call.until(join(folder, 'go'));
    const held = pool.with({ signal: abort.signal }).call.hold();
    abort.abort();
    expect((await failure(held)).code).toBe('cancelled');
    writeFileSync(join(folder, 'go'), '');
    expect(await running).toBe(thread);
  });
});

describe('pool: a task takes nobody else with it', () => {
  const cases = [
    ['leaks a Map', 'leak', { tag: 'limit', detail: { limit: 'heapMb', limitMb: 48 } }],
    ['fills buffers', 'fill', { tag: 'limit', detail: { limit: 'memoryMb', limitMb: 96 } }],
    ['exits', 'quit', { tag: 'error', detail: { exitCode: 3 } }],
    ['throws outside of its promise', 'throwLater', { tag: 'error', detail: { message: 'later' } }],
  ] as const;

  test.each(cases)('a task that %s ends its own thread and rejects its own call', async (_, name, cause) => {
    const pool = await tasksOf({ maxThreads: 2 }, { limits: { heapMb: 48 } });
    const neighbour = pool.with({ timeoutMs: 20_000 }).call.until(join(folder, 'go'));
    const error = await failure(pool.with({ timeoutMs: 20_000 }).call[name]());
    expect(error).toMatchObject({ code: 'task_ended', cause });
    writeFileSync(join(folder, 'go'), '');
    expect(await neighbour).toEqual(expect.any(Number));
    expect(await pool.call.run(4)).toBe(8);
  });
});

describe('pool: a task that cannot be ended', () => {
  test('its call ends, its thread is replaced, and the pool is reported as stuck when it is stopped', async () => {
    const main = fileURLToPath(new URL('./fixtures/pool/stuck-main.mjs', import.meta.url));
    // In a process of its own, which ends itself by a signal: nothing else ends such a thread.
    const stdout = await new Promise<string>((resolve) => {
      execFile(process.execPath, [main, folder], (_error, printed) => {
        resolve(printed);
      });
    });
    expect(JSON.parse(stdout)).toEqual({
      stuck: 'timeout',
      echo: 'replaced',
      stopped: expect.objectContaining({ stuck: [expect.stringMatching(/pool$/)] }),
    });
  });
});

describe('pool: a caller that is gone', () => {
  test('its tasks take no place any more', async () => {
    const spec: TreeSpec = {
      children: [
        { id: 'pool', pool: { module: TASKS, maxThreads: 1, queue: 0 } },
        { id: 'caller', module: new URL('./fixtures/pool/caller.ts', import.meta.url), restart: 'temporary' },
      ],
    };
    const host = await start(spec, {
      embedded: true,
      base: pathToFileURL(`${folder}/`),
      spares: { total: 0 },
      onOutput: listen,
    });
    hosts.push(host);
    const pool = host.ref<Tasks>('pool');
    const outcome = () => pool.call.run(2).catch((error: unknown) => (error as CallError).code);
    await host.call('caller', 'begin', []);
    await lines('looping', 1);
    expect(await outcome()).toBe('full');
    expect((await failure(host.call('caller', 'quit', []))).code).toBe('down');
    let last: unknown = 'full';
    while (last === 'full') last = await outcome();
    expect(last).toBe(4);
  });
});

describe('pool: surroundings of a task', () => {
  test('its environment variables are those of the spec, and nothing of the host is there', async () => {
    process.env['POOL_SECRET'] = 'secret';
    try {
      const pool = await tasksOf({}, { env: { MODE: 'test' } });
      expect(await pool.call.surroundings()).toEqual({
        env: { MODE: 'test' },
        execArgv: [],
        isMainThread: false,
        parentPort: null,
        workerData: null,
      });
      expect((await failure(pool.call.removed())).cause).toMatchObject({ code: 'api_removed' });
    } finally {
      delete process.env['POOL_SECRET'];
    }
  });

  test('the event loop of a thread without a task turns', async () => {
    const pool = await tasksOf();
    await pool.call.startTicking();
    await lines('tick', 5);
    expect(printed.filter((line) => line.startsWith('tick'))).toHaveLength(5);
  });
});

describe('pool: modules that are unfit', () => {
  const poison = (name: string) => new URL(`./fixtures/pool/poison/${name}`, import.meta.url);

  test('a module whose threads end again and again without a task ends the pool', async () => {
    const fields = { env: { MARK: join(folder, 'mark') } };
    const host = await startPool({}, fields, poison('throws-later.ts'));
    expect((await failure(host.call('pool', 'quit', []))).code).toBe('task_ended');
    const { reason } = await host.ended;
    expect(reason.tag).toBe('shutdown');
    expect(events).toContainEqual(
      expect.objectContaining({
        event: expect.objectContaining({
          kind: 'failed',
          phase: 'run',
          reason: { tag: 'error', detail: expect.objectContaining({ code: 'start_failed' }) },
        }),
      }),
    );
  });

  test.each([
    ['throws while it is evaluated', 'throws.ts', { message: 'no luck' }],
    ['exports no function', 'no-functions.ts', { code: 'module_unfit' }],
    ['exits while it is evaluated', 'exits.ts', { code: 'start_failed' }],
  ])('a module that %s fails the start', async (_, name, detail) => {
    for (const minThreads of [0, 1]) {
      events = [];
      const error = await startPool({ minThreads }, {}, poison(name)).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error).toMatchObject({ code: 'start_failed' });
      expect(events).toContainEqual(
        expect.objectContaining({
          event: expect.objectContaining({
            kind: 'failed',
            reason: { tag: 'error', detail: expect.objectContaining(detail) },
          }),
        }),
      );
    }
  });
});
