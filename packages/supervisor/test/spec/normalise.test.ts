import { describe, expect, test } from '@jest/globals';
import { SpecError, type SpecProblem } from '@espalier/core';
import fc from 'fast-check';
import { DEFAULTS, normaliseSpec, NOT_BUILT, supervisorSpecOf, type TreeSpec } from '../../src/spec/index.js';

const BASE = '/srv/shop';
const normalise = (spec: unknown) => normaliseSpec(spec, { base: BASE });
const A = { id: 'a', module: './a.ts' };

function refused(spec: unknown): SpecError {
  try {
    normalise(spec);
  } catch (error) {
    if (error instanceof SpecError) return error;
    throw error;
  }
  throw new Error('the spec was accepted');
}

/** `path: problem remedy` of each. */
function problems(spec: unknown): string[] {
  return refused(spec).problems.map(({ path, problem, remedy }) => `${path}: ${problem} ${remedy}`);
}

/** The one problem that a child has. */
function problemOf(child: object): SpecProblem {
  const list = refused({ children: [{ ...A, ...child }] }).problems;
  expect(list).toHaveLength(1);
  return list[0] as SpecProblem;
}

describe('what it gives', () => {
  test('every default is filled in', () => {
    expect(normalise({ children: [A] })).toEqual({
      name: 'root',
      root: {
        kind: 'supervisor',
        id: 'root',
        restart: 'permanent',
        shutdown: 'infinity',
        startTimeoutMs: 'infinity',
        significant: false,
        wall: 'thread',
        walls: { required: [], preferred: [] },
        grants: {},
        strategy: 'one_for_one',
        intensity: 1,
        periodMs: 5000,
        autoShutdown: 'never',
        maxChildren: 'infinity',
        siblings: 'group',
        backoff: null,
        limits: { memoryMb: 'unlimited', cpu: 'unlimited', cpuOver: 'lower', processes: 'unlimited' },
        children: [
          {
            kind: 'environment',
            id: 'a',
            restart: 'permanent',
            shutdown: 5000,
            startTimeoutMs: 'infinity',
            significant: false,
            wall: 'thread',
            walls: { required: [], preferred: [] },
            grants: {},
            module: { specifier: 'file:///srv/shop/a.ts', base: 'file:///srv/shop/' },
            name: 'a',
            args: undefined,
            bindings: {},
            env: {},
            limits: { ...DEFAULTS.limits, memoryMb: 512 },
            overflow: 'block',
            sendTimeoutMs: 5000,
            external: [],
            backoff: 'inherit',
          },
        ],
      },
    });
  });

  test('what was given stands, on every kind of node', () => {
    const spec: TreeSpec = {
      name: 'shop',
      strategy: 'rest_for_one',
      intensity: 0,
      periodMs: 60_000,
      maxChildren: 9,
      children: [
        {
          id: 'inner',
          strategy: 'one_for_all',
          shutdown: 100,
          autoShutdown: 'any_significant',
          backoff: { initialMs: 5 },
          children: [
            { ...A, restart: 'transient', significant: true, shutdown: 'brutal_kill', backoff: false },
          ],
        },
        { id: 'p', pool: { module: 'pkg/tasks', maxThreads: 2 }, limits: { heapMb: 32 }, name: 'workers' },
      ],
    };
    expect(normalise(spec)).toMatchObject({
      name: 'shop',
      root: {
        id: 'shop',
        strategy: 'rest_for_one',
        intensity: 0,
        periodMs: 60_000,
        maxChildren: 9,
        children: [
          {
            kind: 'supervisor',
            strategy: 'one_for_all',
            shutdown: 100,
            backoff: { initialMs: 5, factor: 2 },
            children: [{ restart: 'transient', significant: true, shutdown: 'brutal_kill', backoff: null }],
          },
          {
            kind: 'pool',
            name: 'workers',
            limits: { heapMb: 32, youngMb: 16, stackMb: 4, memoryMb: 64 },
            pool: { module: { specifier: 'pkg/tasks' }, minThreads: 1, maxThreads: 2, queue: 1000 },
          },
        ],
      },
    });
  });

  test('it is frozen all the way down, and what the caller changes later does not change it', () => {
    const args = { list: [1] };
    const tree = normalise({ children: [{ ...A, args, bindings: { b: args } }] });
    args.list.push(2);
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(tree)).toBe(true);
    expect(tree.root.children[0]).toMatchObject({ args: { list: [1] }, bindings: { b: { list: [1] } } });
  });

  test('it can be posted to another thread as it is', () => {
    const tree = normalise({
      children: [{ ...A, module: new URL('file:///x/a.ts'), args: new Map([[1, new Date(0)]]) }],
    });
    expect(structuredClone(tree)).toEqual(tree);
  });

  test('a default that depends on another field follows it', () => {
    const limits = { heapMb: 20, mailboxBytes: 4096 };
    const tree = normalise({
      children: [
        { ...A, limits },
        { id: 'p', pool: { module: 'x', minThreads: 8 } },
      ],
    });
    expect(tree.root.children).toMatchObject([
      { limits: { youngMb: 10, messageBytes: 4096 } },
      { pool: { minThreads: 8, maxThreads: 8 } },
    ]);
  });

  test('unresponsiveMs is off unless set, and can be turned off in so many words', () => {
    const limitsOf = (limits: object) => normalise({ children: [{ ...A, limits }] }).root.children[0];
    expect(limitsOf({})).toMatchObject({ limits: { unresponsiveMs: 'infinity' } });
    expect(limitsOf({ heapMb: 40 })).toMatchObject({ limits: { heapMb: 40, memoryMb: 80 } });
    expect(limitsOf({ memoryMb: 100 })).toMatchObject({
      limits: { heapMb: 100, memoryMb: 100, youngMb: 48 },
    });
    for (const unresponsiveMs of [100, 'infinity'])
      expect(limitsOf({ unresponsiveMs })).toMatchObject({ limits: { unresponsiveMs } });
  });

  test('a supervisor node becomes what its logic takes, its children passed through', () => {
    const { root } = normalise({ backoff: true, children: [A, { id: 's', backoff: true, children: [] }] });
    const spec = supervisorSpecOf(root);
    expect(spec).toMatchObject({
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5000,
      backoff: DEFAULTS.backoff,
    });
    expect(spec.children.map(({ id, kind, backoff }) => [id, kind, backoff])).toEqual([
      ['a', 'environment', 'inherit'],
      ['s', 'supervisor', 'inherit'],
    ]);
    expect(spec.children[0]?.start).toBe(root.children[0]);
  });
});

describe('modules', () => {
  test.each([
    ['./a.ts', 'file:///srv/shop/a.ts'],
    ['../a b#1?%.ts', 'file:///srv/a%20b%231%3F%25.ts'],
    ['/opt/x.mjs', 'file:///opt/x.mjs'],
    ['file:///opt/x.mjs', 'file:///opt/x.mjs'],
    ['pkg', 'pkg'],
    ['@scope/pkg/sub.js', '@scope/pkg/sub.js'],
  ])('%s becomes %s', (module, specifier) => {
    const { root } = normalise({ children: [{ id: 'a', module }] });
    expect(root.children[0]).toMatchObject({ module: { specifier, base: 'file:///srv/shop/' } });
  });

  test.each([
    '',
    'https://example.org/a.js',
    'data:text/javascript,1',
    'node:fs',
    'a b',
    'a\0b',
    7,
    null,
    {},
  ])('%p is refused', (module) => {
    expect(problemOf({ module })).toMatchObject({ path: 'children[0].module' });
  });

  test('a file without ./ is taken for what it is meant to be', () => {
    expect(problemOf({ module: 'prices.ts' }).remedy).toBe('Write `./prices.ts`.');
  });

  test('a base that is no folder of this machine is refused', () => {
    expect(() => normaliseSpec({ children: [] }, { base: 'relative' })).toThrow(SpecError);
    expect(() => normaliseSpec({ children: [] }, { base: new URL('https://example.org') })).toThrow(
      SpecError,
    );
  });
});

describe('what it refuses', () => {
  test('all problems are reported at once, each with path, value, problem and remedy', () => {
    const error = refused({
      intensity: -1,
      children: [
        { ...A, restart: 'always' },
        { id: 's', children: [{ ...A, id: 'b', limits: { heapMb: '64' } }] },
      ],
    });
    expect(error.code).toBe('spec_invalid');
    expect(error.problems).toEqual([
      {
        path: 'intensity',
        value: -1,
        problem: 'intensity must be a whole number of restarts from 0 to 1000000, not -1.',
        remedy: 'Write a whole number of restarts from 0 to 1000000.',
      },
      {
        path: 'children[0].restart',
        value: 'always',
        problem: 'restart must be `permanent`, `transient` or `temporary`, not "always".',
        remedy: 'Write `permanent`, `transient` or `temporary`.',
      },
      {
        path: 'children[1].children[0].limits.heapMb',
        value: '64',
        problem: 'heapMb must be a whole number of megabytes from 16 to 65536, not "64".',
        remedy: 'Write 64, without quotes.',
      },
    ]);
    for (const { path } of error.problems) expect(error.message).toContain(path);
  });

  test.each([undefined, null, 7, 'x', [], new Map(), () => 1])('%p is no spec', (spec) => {
    expect(refused(spec).problems).toHaveLength(1);
  });

  test.each([
    ['strategi', 'strategy'],
    ['periodMS', 'periodMs'],
    ['max_children', 'maxChildren'],
    ['childern', 'children'],
  ])('an unknown field %s is answered with %s', (key, meant) => {
    expect(problems({ children: [], [key]: 1 })).toEqual([
      `${key}: "${key}" is no field here. Did you mean \`${meant}\`?`,
    ]);
  });

  test('an unknown field that is near to none is answered with those there are', () => {
    expect(problemOf({ limits: { colour: 1 } }).remedy).toBe(
      'Known here: heapMb, youngMb, stackMb, memoryMb, mailbox, mailboxBytes, messageBytes, messagesPerSecond, unresponsiveMs, cpu, cpuOver, stdioBytesPerSecond, children, kernelEntries, timers, processes.',
    );
  });

  test('a field of another kind of node says where it belongs', () => {
    expect(problems({ children: [{ id: 's', children: [], args: 1 }], restart: 'permanent' })).toEqual([
      'restart: "restart" is no field here. Leave it out: this node is the root, and `restart` belongs to a supervisor.',
      'children[0].args: "args" is no field here. Leave it out: this node is a supervisor, and `args` belongs to an environment.',
    ]);
  });

  test('own keys that reach a prototype are fields like any other, and unknown', () => {
    const spec: unknown = JSON.parse('{"children": [], "__proto__": {"intensity": 3}, "constructor": 1}');
    expect(refused(spec).problems.map(({ path }) => path)).toEqual(['__proto__', 'constructor']);
  });

  test.each([
    [
      {},
      'children[0]: A node needs `module` (an environment), `children` (a supervisor) or `pool` (a pool).',
    ],
    [{ ...A, children: [] }, 'children[0]: A node cannot have `children` and `module`.'],
    [{ module: './a.ts' }, 'children[0].id: children[0].id is missing.'],
    [{ id: 'p', pool: {} }, 'children[0].pool.module: children[0].pool.module is missing.'],
    [7, 'children[0]: [0] must be an object, not 7.'],
  ])('a node that is none: %p', (node, problem) => {
    expect(problems({ children: [node] })[0]).toContain(problem);
  });

  test('a root without children is told so', () => {
    expect(problems({})).toEqual(['children: children is missing. Add `children`.']);
  });

  test('siblings of one id are refused, naming both', () => {
    expect(problems({ children: [A, { ...A }] })).toEqual([
      'children[1].id: The id "a" is taken by children[0].id. Give each sibling an id of its own.',
    ]);
  });

  test('two of one name anywhere in the tree are refused, naming both; null is no name', () => {
    const below = (name: string | null | undefined) => ({
      children: [A, { id: 's', children: [name === undefined ? A : { ...A, name }] }],
    });
    expect(problems(below(undefined))).toEqual([
      'children[1].children[0].name: The name "a" is taken by children[0]. Give one of them another `name`, or `name: null` for none.',
    ]);
    expect(normalise(below(null)).root.children[1]).toMatchObject({ children: [{ name: null }] });
    expect(problems({ children: [A, { ...A, id: 'b', name: 'a' }] })[0]).toContain('taken by children[0]');
  });

  test('a tree that holds itself is refused, and one that is too deep', () => {
    const self: { id: string; children: unknown[] } = { id: 's', children: [] };
    self.children.push(self, self);
    expect(refused({ children: [self] }).problems[0]?.problem).toBe('The node holds itself.');
    let deep: object = A;
    for (let i = 0; i < 100; i += 1) deep = { id: 's', children: [deep] };
    expect(refused({ children: [deep] }).problems[0]?.problem).toContain('deeper than 64');
  });

  test.each([
    ['heapMb', 15],
    ['heapMb', -1],
    ['heapMb', Number.NaN],
    ['heapMb', Number.POSITIVE_INFINITY],
    ['heapMb', 1e15],
    ['heapMb', 64.5],
    ['heapMb', '64'],
    ['heapMb', 64n],
    ['heapMb', null],
    ['youngMb', 0],
    ['stackMb', 0.2],
    ['stackMb', 65],
    ['mailbox', 0],
    ['mailboxBytes', 1e15],
    ['messageBytes', -5],
    ['memoryMb', '128'],
    ['memoryMb', 15],
    ['cpu', 0],
    ['cpu', -0.5],
    ['cpu', 1.5],
    ['cpu', Number.NaN],
    ['cpu', '50%'],
    ['cpuOver', 'freeze'],
    ['stdioBytesPerSecond', -1],
    ['children', -1],
    ['children', 1.5],
    ['children', '2'],
    ['unresponsiveMs', 99],
    ['unresponsiveMs', '2s'],
    ['unresponsiveMs', Number.POSITIVE_INFINITY],
  ])('limit %s: %p is refused', (field, value) => {
    expect(problemOf({ limits: { [field]: value } }).path).toBe(`children[0].limits.${field}`);
  });

  test.each([
    ['memoryMb', 15],
    ['memoryMb', 1e15],
    ['memoryMb', '256'],
    ['memoryMb', Number.NaN],
    ['memoryMb', 'infinity'],
    ['cpu', 0],
    ['cpu', -1],
    ['cpu', 1025],
    ['cpuOver', 'freeze'],
    ['heapMb', 64],
  ])('limit %s of a process: %p is refused', (field, value) => {
    const child = { id: 'c', wall: 'process', limits: { [field]: value }, children: [] };
    expect(refused({ children: [child] }).problems).toMatchObject([
      { path: `children[0].limits.${field}`, value, remedy: expect.any(String) },
    ]);
  });

  test('limits of a supervisor that has no process are refused', () => {
    const limits = { memoryMb: 64 };
    expect(refused({ children: [{ id: 'c', limits, children: [] }] }).problems).toMatchObject([
      { path: 'children[0].limits', remedy: expect.stringContaining('wall: process') },
    ]);
  });

  test.each([{ PORT: 8080 }, { A: null }, { 'A=B': 'x' }, { '': 'x' }, ['x'], 'A=1'])(
    'env: %p is refused',
    (env) => {
      expect(problemOf({ env }).path).toMatch(/^children\[0\]\.env/);
    },
  );

  test('a zero byte is refused in modules and in env', () => {
    expect(problemOf({ module: './a\0b' }).path).toBe('children[0].module');
    expect(problemOf({ env: { A: 'x\0' } }).path).toBe('children[0].env.A');
  });

  test('a number in env is answered with its quotes', () => {
    expect(problemOf({ env: { PORT: 8080 } }).remedy).toContain('"8080", with quotes');
  });

  class Own {
    x = 1;
  }
  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a class instance', new Own()],
    ['shared memory', new SharedArrayBuffer(1)],
    ['a promise', Promise.resolve()],
    ['an own __proto__', JSON.parse('{"__proto__": 1}') as unknown],
    ['a function in a Map', new Map([[1, () => 1]])],
  ])('args with %s is refused with its path', (_name, bad) => {
    expect(problemOf({ args: { deep: [bad] } }).path).toMatch(/^children\[0\]\.args/);
  });

  test('a cycle in args is a value like any other', () => {
    const args: { self?: unknown } = {};
    args.self = args;
    const { root } = normalise({ children: [{ ...A, args }] });
    const child = root.children[0] as { args: { self: unknown } };
    expect(child.args.self).toBe(child.args);
  });

  test('problems are plain data, whatever stood there', () => {
    const error = refused({
      children: [{ ...A, restart: { toJSON: () => 1 }, limits: () => 1, name: Symbol('x') }],
    });
    expect(error.problems.map(({ value }) => value)).toEqual(['an object', 'a function', 'Symbol(x)']);
  });
});

describe('fields that contradict each other are named as a pair', () => {
  const pairs: readonly (readonly [string, object, string])[] = [
    [
      'a permanent child is significant',
      { autoShutdown: 'any_significant', children: [{ ...A, significant: true }] },
      '`significant: true` and `restart: permanent`',
    ],
    [
      'significant without automatic shutdown',
      { children: [{ ...A, significant: true, restart: 'transient' }] },
      '`significant: true` and `autoShutdown: never`',
    ],
    [
      'automatic shutdown of a template',
      { strategy: 'simple_one_for_one', autoShutdown: 'all_significant', children: [A] },
      '`autoShutdown: all_significant` and `strategy: simple_one_for_one`',
    ],
    [
      'a template of two',
      { strategy: 'simple_one_for_one', children: [A, { ...A, id: 'b' }] },
      '`strategy: simple_one_for_one` needs exactly one child',
    ],
    [
      'a named template',
      { strategy: 'simple_one_for_one', children: [{ ...A, name: 'x' }] },
      '`name` and `strategy: simple_one_for_one`',
    ],
    [
      'more children than allowed',
      { maxChildren: 1, children: [A, { ...A, id: 'b' }] },
      '`maxChildren: 1` and `children` (2)',
    ],
    [
      'a time for a policy that does not wait',
      { children: [{ ...A, overflow: 'reject', sendTimeoutMs: 5 }] },
      '`sendTimeoutMs: 5` and `overflow: reject`',
    ],
    [
      'more young than all',
      { children: [{ ...A, limits: { heapMb: 16, youngMb: 17 } }] },
      '`limits.youngMb: 17` and `limits.heapMb: 16`',
    ],
    [
      'more heap than memory',
      { children: [{ ...A, limits: { heapMb: 100, memoryMb: 99 } }] },
      '`limits.heapMb: 100` and `limits.memoryMb: 99`',
    ],
    [
      'a message larger than its mailbox',
      { children: [{ ...A, limits: { messageBytes: 2000, mailboxBytes: 1999 } }] },
      '`limits.messageBytes: 2000` and `limits.mailboxBytes: 1999`',
    ],
    [
      'fewer threads at most than at least',
      { children: [{ id: 'p', pool: { module: 'x', minThreads: 2, maxThreads: 1 } }] },
      '`pool.minThreads: 2` and `pool.maxThreads: 1`',
    ],
    [
      'a first wait above the longest',
      { children: [], backoff: { initialMs: 10, maxMs: 9 } },
      '`backoff.initialMs: 10` and `backoff.maxMs: 9`',
    ],
  ];
  test.each(pairs)('%s', (_name, spec, pair) => {
    const list = problems(spec);
    expect(list).toHaveLength(1);
    expect(list[0]).toContain(pair);
  });
});

describe('words that are not built yet', () => {
  const SPECS = {
    root: { children: [] },
    supervisor: { id: 's', children: [] },
    environment: A,
    pool: { id: 'p', pool: { module: 'x' } },
  };

  for (const { on, field, value, instead } of NOT_BUILT) {
    for (const kind of on) {
      test(`${field}${value === undefined ? '' : `: ${value}`} on the ${kind} is refused, never ignored`, () => {
        const [first = '', second] = field.split('.');
        const given = { [first]: second === undefined ? (value ?? {}) : { [second]: 1 } };
        const node = { ...SPECS[kind], ...given };
        const error = refused(kind === 'root' ? node : { children: [node] });
        expect(error.code).toBe('spec_not_built');
        expect(error.problems).toHaveLength(1);
        expect(error.problems[0]).toMatchObject({
          path: `${kind === 'root' ? '' : 'children[0].'}${field}`,
          remedy: instead,
        });
      });
    }
  }

  test('an image in place of a module is told only that', () => {
    const error = refused({ children: [{ id: 'a', image: './a.espalier' }] });
    expect([error.code, error.problems.length]).toEqual(['spec_not_built', 1]);
  });

  test('beside other problems all are told, as an invalid spec', () => {
    const error = refused({ children: [{ ...A, wall: 'host', restart: 1 }] });
    expect([error.code, error.problems.length]).toEqual(['spec_invalid', 2]);
  });

  test('a process of its own and its walls are accepted on every node but the root', () => {
    const process = { wall: 'process' } as const;
    const { root } = normalise({
      children: [
        { ...A, ...process },
        { id: 's', ...process, walls: { required: ['pid', 'rlimits', 'pid'] }, children: [] },
        { id: 'p', ...process, walls: { preferred: [] }, pool: { module: './p.ts' } },
      ],
    });
    expect(root.children.map(({ wall, walls }) => [wall, walls])).toEqual([
      ['process', { required: [], preferred: ['deathSignal', 'rlimits', 'oomScore'] }],
      ['process', { required: ['pid', 'rlimits'], preferred: ['deathSignal', 'oomScore'] }],
      ['process', { required: [], preferred: [] }],
    ]);
    const error = refused({ ...process, children: [] });
    expect([error.code, error.problems[0]?.path]).toEqual(['spec_not_built', 'wall']);
  });

  test('walls of which one takes away the other, and a limit that nothing is held to, are refused', () => {
    const walls = { required: ['user'], preferred: ['otherUser'] };
    const limits = { cpuOver: 'end' };
    const children = [
      { id: 'a', module: './a.ts', wall: 'process', walls },
      { id: 'b', module: './b.ts', limits },
      { id: 'c', wall: 'process', limits, children: [] },
      { id: 'd', module: './d.ts', limits: { ...limits, cpu: 0.5 } },
    ];
    expect(refused({ children }).problems.map(({ path }) => path)).toEqual([
      'children[0].walls',
      'children[1].limits.cpuOver',
      'children[2].limits.cpuOver',
    ]);
  });

  test('walls without a process, and walls that there are none of, are refused with their place', () => {
    const error = refused({
      children: [
        { ...A, walls: {} },
        { id: 'b', module: './b.ts', wall: 'process', walls: { required: ['moat'], preferred: 'pid' } },
      ],
    });
    expect(error.problems.map(({ path }) => path)).toEqual([
      'children[0].walls',
      'children[1].walls.required[0]',
      'children[1].walls.preferred',
    ]);
  });

  test('the values that are built are accepted', () => {
    const built = {
      siblings: 'group',
      wall: 'thread',
      children: [{ ...A, wall: 'thread', trust: 'trusted' }],
    };
    expect(normalise(built).root.children).toHaveLength(1);
  });
});

test('whatever it is given, it gives a frozen tree or a SpecError with problems', () => {
  const key = fc.constantFrom(
    'children',
    'id',
    'module',
    'pool',
    'limits',
    'args',
    'env',
    'restart',
    'strategy',
    'backoff',
    'name',
    'x',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.anything(),
      fc.dictionary(key, tie('tree')),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, tree), (spec) => {
      try {
        expect(Object.isFrozen(normalise(spec).root)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(SpecError);
        const { problems } = error as SpecError;
        expect(problems.length).toBeGreaterThan(0);
        for (const problem of problems) expect([problem.problem, problem.remedy]).not.toContain('');
        expect(() => JSON.stringify(problems)).not.toThrow();
      }
    }),
    { numRuns: 150 },
  );
});

test('env: an object that has no way to become text is refused like any other', () => {
  const { path, remedy } = problemOf({ env: { A: Object.create(null) as object } });
  expect([path, remedy]).toEqual(['children[0].env.A', 'Write a string.']);
});
