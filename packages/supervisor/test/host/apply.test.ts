/** Re-apply over real threads, as the library's users ask for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { CallError, EnvironmentError, HostError, SpecError } from '@espalier/core';
import { ApplyError, start, type Host, type TreeEvent, type TreeSpec } from '../../src/index.js';

// Here, so that our packages are found.
const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
let folder: string;
let host: Host | undefined;
let events: TreeEvent[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(fixtures, 'apply-'));
  write('greeter.mjs', greeter('Hello'));
  write('failing.mjs', `export default { behaviour: 'task', run() { throw new Error('no'); } };`);
});

afterEach(async () => {
  await host?.stop();
  host = undefined;
  events = [];
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(file: string, text: string): string {
  const path = join(folder, file);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Says its word, its arguments, and how often it was started before: nothing but itself knows. */
function greeter(word: string): string {
  return `
    import { server } from '@espalier/core';
    export default server({
      init: (args, context) => {
        if (args === 'fail') throw new Error('as planned');
        return { args, life: Math.random(), name: process.env.NAME };
      },
      calls: {
        greet: ({ state }) => '${word} ' + state.args + (state.name ?? ''),
        life: ({ state }) => state.life,
      },
    });
  `;
}

const a = { id: 'a', module: './greeter.mjs', args: 'Ada' };
const b = { id: 'b', module: './greeter.mjs', args: 'Bob' };

async function up(spec: TreeSpec | string): Promise<Host> {
  host = await start(spec, {
    embedded: true,
    base: pathToFileURL(`${folder}/`),
    spares: { total: 0 },
    onEvent: (event) => events.push(event),
    onOutput: () => undefined,
  });
  // Answered behind the events of the start.
  await host.tree();
  events = [];
  return host;
}

const greet = (name: string) => host?.call(name, 'greet', []);
const life = (name: string) => host?.call(name, 'life', []);

/** What happened, in a word each. */
function story(): string[] {
  return events.map((event) =>
    event.kind === 'supervision' ? `${event.event.kind} ${event.path}/${event.event.id}` : event.kind,
  );
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('apply', () => {
  test('restarts what has changed, starts what is new, stops what is gone, and leaves the rest alone', async () => {
    const running = await up({ children: [a, b, { ...b, id: 'gone' }] });
    const before = await life('b');
    const result = await running.apply({ children: [{ ...a, args: 'Eve' }, b, { ...b, id: 'new' }] });
    expect(result.outcome).toBe('applied');
    expect(result.difference.changes).toMatchObject([
      {
        what: 'changed',
        path: 'root/a',
        restarts: true,
        fields: [{ field: 'args', from: 'Ada', to: 'Eve' }],
      },
      { what: 'added', path: 'root/new' },
      { what: 'removed', path: 'root/gone' },
    ]);
    expect(story()).toEqual([
      ...['applying', 'stopped root/gone', 'stopped root/a'],
      ...['started root/a', 'started root/new', 'applied'],
    ]);
    expect(await greet('a')).toBe('Hello Eve');
    expect(await greet('new')).toBe('Hello Bob');
    expect(await life('b')).toBe(before);
    expect(await errorOf(running.call('gone', 'greet', []))).toMatchObject({ code: 'noproc' });
  });

  test('the same spec again changes nothing, from a file too; check tells what would be', async () => {
    const path = write('tree.yaml', 'children: [{ id: a, module: ./greeter.mjs, args: Ada }]');
    const running = await up(path);
    const before = await life('a');
    expect(await running.apply(path)).toEqual({ difference: { changes: [] }, outcome: 'unchanged' });
    expect(await running.apply({ children: [a] })).toMatchObject({ outcome: 'unchanged' });
    const target = { children: [{ ...a, env: { NAME: '!' }, shutdown: 7 }] };
    expect(await running.apply(target, { check: true })).toMatchObject({
      outcome: 'checked',
      difference: { changes: [{ path: 'root/a', fields: [{ field: 'shutdown' }, { field: 'env.NAME' }] }] },
    });
    expect(await life('a')).toBe(before);
    expect(story()).toEqual([]);
    expect(await running.apply(target)).toMatchObject({ outcome: 'applied' });
    expect(await greet('a')).toBe('Hello Ada!');
    expect(await running.apply(target)).toMatchObject({ outcome: 'unchanged' });
  });

  test('code that has changed restarts those that run it, and nobody else', async () => {
    write('own.mjs', greeter('Good morning'));
    const spec = { children: [{ ...a, module: './own.mjs' }, b] };
    const running = await up(spec);
    const before = await life('b');
    write('own.mjs', greeter('Good evening'));
    const { difference } = await running.apply(spec);
    expect(difference.changes).toMatchObject([
      { path: 'root/a', fields: [{ field: 'code', effect: 'restart' }] },
    ]);
    expect(await greet('a')).toBe('Good evening Ada');
    expect(await life('b')).toBe(before);
    expect(await running.apply(spec)).toMatchObject({ outcome: 'unchanged' });
  });

  test('reaches supervisors below, and what they are restarted with later is new, too', async () => {
    const running = await up({ intensity: 5, children: [{ id: 's', intensity: 0, children: [a, b] }] });
    const before = await life('b');
    await running.apply({
      intensity: 5,
      children: [{ id: 's', intensity: 0, children: [{ ...a, args: 'Eve' }, b] }],
    });
    expect(await life('b')).toBe(before);
    expect(await greet('a')).toBe('Hello Eve');
    const restarted = new Promise<void>((resolve) => {
      running.onEvent((event) => {
        if (event.kind === 'supervision' && event.path === 'root' && event.event.kind === 'restarted')
          resolve();
      });
    });
    await running.kill('root/s/b');
    await restarted;
    expect(await greet('a')).toBe('Hello Eve');
    expect(await life('b')).not.toBe(before);
  });

  test('a start that fails undoes all of it: the error has the difference, the path and the reason', async () => {
    const running = await up({ children: [a, { id: 's', children: [b] }] });
    const target = {
      children: [
        { ...a, args: 'Eve' },
        { id: 's', children: [{ ...b, args: 'fail' }] },
      ],
    };
    const error = await errorOf(running.apply(target));
    expect(error).toBeInstanceOf(ApplyError);
    expect(error).toMatchObject({
      code: 'apply_undone',
      path: 'root/s/b',
      reason: { tag: 'error', detail: { message: 'as planned' } },
      difference: { changes: [{ path: 'root/a' }, { path: 'root/s/b' }] },
    });
    expect(await greet('a')).toBe('Hello Ada');
    expect(await greet('b')).toBe('Hello Bob');
    expect(story().at(-1)).toBe('apply-undone');
    expect(events.at(-1)).toMatchObject({ restored: true });
    // What runs is what it was before: compared with that, the old spec is no change.
    expect(await running.apply({ children: [a, { id: 's', children: [b] }] })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await running.apply({ children: [a, { id: 's', children: [] }] })).toMatchObject({
      outcome: 'applied',
    });
  });

  test('what cannot be built or read changes nothing', async () => {
    const running = await up({ children: [a] });
    const before = await life('a');
    const missing = await errorOf(running.apply({ children: [{ ...b, module: './nowhere.mjs' }] }));
    expect(missing).toBeInstanceOf(EnvironmentError);
    expect(missing).toMatchObject({ code: 'module_missing' });
    expect(await errorOf(running.apply({ children: [{ id: 'x' }] } as unknown as TreeSpec))).toBeInstanceOf(
      SpecError,
    );
    expect(await errorOf(running.apply(join(folder, 'nowhere.yaml')))).toMatchObject({
      code: 'spec_unreadable',
    });
    expect(await errorOf(running.apply({ name: 'other', children: [a] }))).toMatchObject({
      code: 'spec_invalid',
      problems: [{ path: 'name', value: 'other' }],
    });
    expect(await life('a')).toBe(before);
    expect(story()).toEqual([]);
  });

  test('applies are carried out in the order in which they were asked for, each against the one before', async () => {
    const running = await up({ children: [a] });
    const changing = { children: [{ ...a, args: 'first' }] };
    const first = running.apply(changing);
    // Read when it is given: what becomes of it afterwards is another spec.
    (changing.children[0] as { args: string }).args = 'later';
    const failed = errorOf(running.apply({ children: [{ ...a, args: 'fail' }] }));
    const last = running.apply({ children: [{ ...a, args: 'first' }, b] });
    expect(await first).toMatchObject({ outcome: 'applied' });
    expect(await failed).toMatchObject({ code: 'apply_undone' });
    expect((await last).difference.changes).toMatchObject([{ what: 'added', path: 'root/b' }]);
    expect(await greet('a')).toBe('Hello first');
  });

  test('children that were started at run time stay, and those of a template are restarted with their arguments', async () => {
    const template = { id: 't', module: './greeter.mjs' };
    const spec = {
      children: [{ id: 's', strategy: 'simple_one_for_one' as const, children: [template] }, a],
    };
    const running = await up(spec);
    await running.startChild('root', b);
    const child = await running.startChild('root/s', { args: 'Eve' });
    const before = await life('b');
    await running.apply({
      ...spec,
      children: [{ ...spec.children[0], children: [{ ...template, env: { NAME: '!' } }] }, a],
    } as TreeSpec);
    expect(await life('b')).toBe(before);
    expect(await running.call(await running.address('root/s/#1'), 'greet', [])).toBe('Hello Eve!');
    expect(child?.path).toBe('root/s/#1');
  });

  test('a deep tree is no matter', async () => {
    const deep = (args: string): TreeSpec => {
      let child: TreeSpec['children'][number] = { ...a, args };
      for (let level = 0; level < 40; level += 1) child = { id: `s${level}`, children: [child] };
      return { children: [child] };
    };
    const running = await up(deep('Ada'));
    await running.apply(deep('Eve'));
    expect(await greet('a')).toBe('Hello Eve');
  });

  test('of a host that has been stopped, or whose tree has ended, is refused', async () => {
    const running = await up({
      children: [{ ...a, restart: 'transient', significant: true }],
      autoShutdown: 'any_significant',
    });
    running.context.sendExit('a', { tag: 'shutdown' });
    await running.ended;
    expect(await errorOf(running.apply({ children: [b] }))).toBeInstanceOf(CallError);
    await running.stop();
    expect(await errorOf(running.apply({ children: [a] }))).toBeInstanceOf(HostError);
  });
});
