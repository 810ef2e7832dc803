/** What environments log comes out at the application, from wherever they run, whole and bounded. */
import { afterEach, expect, test } from '@jest/globals';
import { CallError, type LogRecord } from '@espalier/core';
import { start, type ChildSpecInput, type Host } from '../../src/index.js';

type Talker = typeof import('../fixtures/host/talker.js');

interface Logged extends LogRecord {
  readonly path: string;
}

const base = new URL('../fixtures/host/', import.meta.url);
let host: Host | undefined;
let logged: Logged[] = [];

afterEach(async () => {
  await host?.stop();
  host = undefined;
  logged = [];
});

async function started(children: readonly ChildSpecInput[], embedded: boolean): Promise<Host> {
  return (host = await start(
    { name: 'tree', children: [...children] },
    {
      base,
      embedded,
      spares: { total: 0 },
      onLog: (path, record) => logged.push({ path, ...record }),
      onOutput: (path, stream, text) => logged.push({ path, level: 'debug', text: `${stream} ${text}` }),
    },
  ));
}

function of(path: string): readonly Logged[] {
  return logged.filter((one) => one.path === path);
}

test.each([
  ['in a cell', false],
  ['embedded', true],
])(
  'log: records of threads, cells and pools come in their order, each under its path (%s)',
  async (_title, embedded) => {
    await started(
      [
        { id: 'thread', module: './talker.ts' },
        { id: 'cell', module: './talker.ts', wall: 'process' },
        { id: 'pool', pool: { module: './talking-pool.ts', maxThreads: 1 } },
      ],
      embedded,
    );
    const tree = host as Host;
    const fields = { item: 7, parts: ['a', { b: null }] };
    for (const path of ['tree/thread', 'tree/cell']) {
      const talker = await tree.address(path);
      await tree.call(talker, 'say', ['warn', 'two\nlines', fields]);
      await tree.call(talker, 'say', ['info', 'bare']);
    }
    await tree.call(await tree.address('tree/pool'), 'run', ['from a task']);
    tree.context.log('info', 'from the application');
    await tree.stop();
    const told = [
      { level: 'warn', text: 'two\nlines', fields },
      { level: 'info', text: 'bare' },
    ];
    for (const path of ['tree/thread', 'tree/cell'])
      expect(of(path)).toEqual(told.map((one) => ({ path, ...one })));
    expect(of('tree/pool')).toEqual([
      { path: 'tree/pool', level: 'info', text: 'from a task', fields: { task: true } },
    ]);
    expect(of('tree')).toMatchObject([{ text: 'from the application' }]);
  },
  60_000,
);

test('log: a flood does not wait, no record of it is torn, and what is left out is counted', async () => {
  await started([{ id: 'thread', module: './talker.ts', limits: { stdioBytesPerSecond: 10_000 } }], true);
  const tree = host as Host;
  const talker = tree.ref<Talker>('thread');
  const count = 50_000;
  expect(await talker.with({ timeoutMs: 60_000 }).call.flood(count)).toBe(count);
  await tree.stop();
  const records = of('tree/thread').filter(({ level }) => level === 'debug');
  expect(records.length).toBeGreaterThan(0);
  expect(records.length).toBeLessThan(count / 10);
  for (const { text } of records) expect(text).toMatch(/^record \d+ of the flood$/);
}, 60_000);

test('log: what is left out is told with the next record that has room', async () => {
  await started([{ id: 'thread', module: './talker.ts', limits: { stdioBytesPerSecond: 1000 } }], true);
  const tree = host as Host;
  const talker = tree.ref<Talker>('thread');
  await talker.call.say('info', 'x'.repeat(2000));
  await talker.call.say('info', 'short');
  await tree.stop();
  const [short, told, ...more] = of('tree/thread');
  expect([short?.text, told?.level, more]).toEqual(['short', 'warn', []]);
  expect(told?.fields?.['dropped']).toBeGreaterThan(2000);
}, 60_000);

test('log: a level that is none, or a text that is none, is refused where it is given', async () => {
  await started([{ id: 'thread', module: './talker.ts' }], true);
  const { context } = host as Host;
  for (const given of [
    ['loud', 'x'],
    ['info', 7],
  ] as const) {
    expect(() => {
      context.log(given[0] as 'info', given[1] as string);
    }).toThrow(CallError);
  }
  expect(logged).toEqual([]);
}, 60_000);
