/** Limits of an isolating supervisor: its children reserve parts of them. */
import { describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import { normaliseSpec } from '../../src/spec/index.js';
import { withLimits } from '../../src/spec/changed-limits.js';
import { childSpecOf, processLimits } from '../../src/spec/supervisor-spec.js';

const leaf = (id: string, limits?: object, more: object = {}) => ({
  id,
  module: `./${id}.ts`,
  ...(limits && { limits }),
  ...more,
});
const tenants = (limits: object, children: readonly object[], more: object = {}) => ({
  id: 'tenants',
  siblings: 'isolate',
  limits,
  children,
  ...more,
});
const normalise = (...children: readonly object[]) => normaliseSpec({ children }, { base: '/srv/shop' });

/** Path, value, problem and remedy of each. */
function problemsOf(...children: readonly object[]) {
  try {
    normalise(...children);
  } catch (error) {
    if (error instanceof SpecError)
      return error.problems.map(({ path, value, problem, remedy }) => [path, value, problem, remedy]);
    throw error;
  }
  return [];
}

/** Path and value of each. */
const whereIn = (...children: readonly object[]) =>
  problemsOf(...children).map((problem) => problem.slice(0, 2));

describe('what children reserve', () => {
  test('may be all that their supervisor has, on any level', () => {
    const inner = tenants({ memoryMb: 512, cpu: 0.3 }, [
      leaf('a', { memoryMb: 256, cpu: 0.1 }),
      leaf('b', { memoryMb: 256, cpu: 0.2 }),
    ]);
    const grouped = { id: 'g', limits: { memoryMb: 512, cpu: 0.7 }, children: [leaf('c'), leaf('d')] };
    expect(problemsOf(tenants({ memoryMb: 1024, cpu: 1 }, [inner, grouped]))).toEqual([]);
  });

  test('is together at most what it has', () => {
    const children = [leaf('a', { memoryMb: 600, cpu: 0.5 }), leaf('b', { memoryMb: 500, cpu: 0.6 })];
    expect(problemsOf(tenants({ memoryMb: 1024, cpu: 1 }, children))).toEqual([
      [
        'children[0].limits.memoryMb',
        1024,
        'Its children reserve 1100 of 1024: a 600, b 500.',
        'Write at least 1100, or give them less.',
      ],
      [
        'children[0].limits.cpu',
        1,
        'Its children reserve 1.1 of 1: a 0.5, b 0.6.',
        'Write at least 1.1, or give them less.',
      ],
    ]);
  });

  test('is an environment’s default memory where it says nothing, and a pool’s that of all its threads', () => {
    const pool = { id: 'p', pool: { module: './p.ts', maxThreads: 3 }, limits: { memoryMb: 100 } };
    expect(problemsOf(tenants({ memoryMb: 912 }, [leaf('a'), pool]))).toEqual([]);
    expect(problemsOf(tenants({ memoryMb: 911 }, [leaf('a'), pool]))[0]?.[2]).toBe(
      'Its children reserve 912 of 911: a 512, p 400.',
    );
  });

  test('has to be said of each, where there is no default', () => {
    const pool = { id: 'p', pool: { module: './p.ts', maxThreads: 1 } };
    const problems = problemsOf(
      tenants({ memoryMb: 4096, cpu: 1 }, [
        leaf('a', { cpu: 0.5 }),
        { id: 'g', children: [] },
        leaf('b'),
        pool,
      ]),
    );
    expect(problems.map(([path, value, , remedy]) => [path, value, remedy])).toEqual([
      [
        'children[0].children[1].limits.memoryMb',
        'unlimited',
        'Write how much, in `limits: { memoryMb: … }`.',
      ],
      ['children[0].children[1].limits.cpu', 'unlimited', 'Write how much, in `limits: { cpu: … }`.'],
      ['children[0].children[2].limits.cpu', 'unlimited', 'Write how much, in `limits: { cpu: … }`.'],
      [
        'children[0].children[3].limits.cpu',
        'unlimited',
        'Put the pool below a supervisor with `limits: { cpu: … }`.',
      ],
    ]);
  });

  test('is of no interest where the supervisor has no limits, or does not isolate', () => {
    expect(problemsOf({ id: 't', siblings: 'isolate', children: [leaf('a'), leaf('b')] })).toEqual([]);
    const pool = { id: 'g', wall: 'process', limits: { memoryMb: 600 }, children: [leaf('a'), leaf('b')] };
    expect(problemsOf(pool)).toEqual([]);
  });

  test('is held around a process', () => {
    expect(whereIn(tenants({ memoryMb: 512 }, [leaf('a', {}, { wall: 'thread' })]))).toEqual([
      ['children[0].children[0].wall', 'thread'],
    ]);
  });

  test('of a template is reserved for as many as there may be', () => {
    const template = (more: object) =>
      tenants({ memoryMb: 1024 }, [leaf('a', { memoryMb: 256 })], {
        strategy: 'simple_one_for_one',
        ...more,
      });
    expect(problemsOf(template({ maxChildren: 4 }))).toEqual([]);
    expect(problemsOf(template({ maxChildren: 5 }))[0]?.[2]).toBe(
      'Its children reserve 1280 of 1024: a 5 × 256.',
    );
    expect(whereIn(template({}))).toEqual([['children[0].maxChildren', 'infinity']]);
  });
});

describe('who holds it', () => {
  const nodeOf = (limits: object, more: object = {}) =>
    normalise(tenants(limits, [leaf('a', { memoryMb: 256, cpu: 0.5 })], more)).root.children[0] as never;

  test('each child, and not its supervisor’s process once more: what one uses would count against the others', () => {
    const node = nodeOf({ memoryMb: 512, cpu: 1 }, { wall: 'process' });
    expect(processLimits(node)).not.toHaveProperty('memoryMb');
    expect(processLimits(node)).not.toHaveProperty('cpu');
    expect(processLimits((node as { children: never[] }).children[0] as never)).toMatchObject({
      memoryMb: 1.5 * 256 + 3 * 48,
      cpu: { share: 0.5 },
    });
  });

  test('so no other process is needed for other limits', () => {
    const [one, other] = [512, 1024].map((memoryMb) =>
      childSpecOf(nodeOf({ memoryMb }, { wall: 'process' })),
    );
    expect(one?.cell).toBe(other?.cell);
  });

  test('and what happens to who uses more is said of the children', () => {
    expect(whereIn(tenants({ cpu: 1, cpuOver: 'end' }, [leaf('a', { cpu: 1 })]))).toEqual([
      ['children[0].limits.cpuOver', 'end'],
    ]);
  });
});

describe('a supervisor that does not isolate', () => {
  test('has limits where it has a process, which below an isolating one it has by default', () => {
    const group = { id: 'g', limits: { memoryMb: 256 }, children: [leaf('a')] };
    expect(problemsOf({ id: 't', siblings: 'isolate', children: [group] })).toEqual([]);
    expect(whereIn(group)).toEqual([['children[0].limits', 'an object']]);
    expect(whereIn({ ...group, wall: 'thread' })).toEqual([['children[0].limits', 'an object']]);
  });
});

describe('processes', () => {
  const walls = { required: ['pids'] };
  const process = { wall: 'process', walls };

  test('are held where the cgroup is required that holds them', () => {
    const [one, group] = normalise(leaf('a', { processes: 64 }, process), {
      id: 'g',
      ...process,
      limits: { processes: 80 },
      children: [leaf('b')],
    }).root.children as never[];
    expect([processLimits(one!).processes, processLimits(group!).processes]).toEqual([64, 80]);
    expect(processLimits(normalise(leaf('a')).root.children[0]!)).not.toHaveProperty('processes');
  });

  test('are refused where nothing would hold them', () => {
    const at = 'children[0].limits.processes';
    for (const more of [{}, { wall: 'process' }, { wall: 'process', walls: { preferred: ['pids'] } }])
      expect(whereIn(leaf('a', { processes: 64 }, more))).toEqual([[at, 64]]);
    expect(whereIn(tenants({ processes: 64 }, [leaf('a')], process))).toEqual([[at, 64]]);
    expect(whereIn(leaf('a', { processes: 8 }, process))).toEqual([[at, 8]]);
    expect(() =>
      withLimits(normalise(leaf('a', {}, { wall: 'process' })).root.children[0]!, { processes: 64 }),
    ).toThrow(/requires none/);
  });
});

describe('isolating supervisors in a process that is held as a whole', () => {
  const held = (limits: object, children: readonly object[], more: object = {}) => ({
    id: 'g',
    wall: 'process',
    limits,
    children,
    ...more,
  });
  const small = { memoryMb: 128 };

  test('say which part of it they have, wherever they are in it, or one child would pay for what others use', () => {
    const bare = tenants(small, [leaf('a', small)], { limits: undefined });
    expect(problemsOf(held({ memoryMb: 512 }, [leaf('z'), { id: 'h', children: [bare] }]))).toEqual([
      [
        'children[0].children[1].children[0].limits.memoryMb',
        'unlimited',
        'It isolates, in a process that is held to `memoryMb: 512`: one of its children would pay for what others use.',
        'Write which part of it they have, in `limits: { memoryMb: … }`.',
      ],
    ]);
    expect(problemsOf(held({ cpu: 1 }, [bare])).map(([path]) => path)).toEqual([
      'children[0].children[0].limits.cpu',
    ]);
    expect(problemsOf(held({}, [bare]))).toEqual([]);
  });

  test('have together at most what the process is held to', () => {
    const part = (id: string, memoryMb: number) => tenants({ memoryMb }, [leaf('a', small)], { id });
    expect(problemsOf(held({ memoryMb: 512 }, [part('i', 256), part('j', 256)]))).toEqual([]);
    expect(problemsOf(held({ memoryMb: 512 }, [part('i', 256), part('j', 300)]))).toEqual([
      [
        'children[0].limits.memoryMb',
        512,
        'Its process is held to 512, and isolating supervisors in it have 556.',
        'Write at least 556, or give them less.',
      ],
    ]);
  });
});

describe('what a process may print, and have kept above', () => {
  const sum = (node: object) => processLimits(normalise(node).root.children[0]!).stdioBytesPerSecond;
  const own = { stdioBytesPerSecond: 1000 };
  const process = { wall: 'process' };

  test('is the sum of what is in it; what isolates has room for as many as it may get', () => {
    const pair = [leaf('a', own), leaf('b', own)];
    expect(sum({ id: 'g', ...process, children: pair })).toBe(2000);
    const isolating = tenants({}, pair, { limits: undefined, ...process });
    expect(sum({ ...isolating, maxChildren: 5 })).toBe(2000 + 3 * 1_000_000);
    expect(sum(isolating)).toBe(2000 + 100 * 1_000_000);
    expect(sum({ id: 'g', ...process, children: [isolating] })).toBe(2000 + 100 * 1_000_000);
  });

  test('counts a template that isolates as often as it may run', () => {
    const template = {
      ...tenants({}, [leaf('a', own)], { limits: undefined, ...process }),
      strategy: 'simple_one_for_one',
    };
    expect(sum({ ...template, maxChildren: 10 })).toBe(10_000);
    expect(sum(template)).toBe(101_000);
  });
});
