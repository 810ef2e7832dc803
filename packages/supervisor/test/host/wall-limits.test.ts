import { expect, test } from '@jest/globals';
import { wallLimits } from '../../src/host/wall-limits.js';
import { processLimits } from '../../src/spec/supervisor-spec.js';
import { normaliseSpec, type ChildSpecInput, type EnvironmentLimitsSpec } from '../../src/spec/index.js';

function limitsOf(limits: EnvironmentLimitsSpec) {
  const spec = normaliseSpec({ children: [{ id: 'a', module: './a.ts', limits }] }, { base: '/srv/shop' });
  const [child] = spec.root.children;
  if (child?.kind !== 'environment') throw new Error('no environment');
  return wallLimits(child.limits);
}

test('every limit of a spec that a wall holds reaches the wall', () => {
  expect(
    limitsOf({ heapMb: 32, memoryMb: 48, stackMb: 2, cpu: 0.5, cpuOver: 'end', stdioBytesPerSecond: 10 }),
  ).toEqual({
    heapMb: 32,
    youngMb: 16,
    stackMb: 2,
    memoryMb: 48,
    stdioBytesPerSecond: 10,
    cpu: { share: 0.5, over: 'end' },
  });
});

function wholeOf(child: ChildSpecInput): object {
  const spec = normaliseSpec({ children: [child] }, { base: '/srv/shop' });
  const { heapMb: _h, youngMb: _y, stackMb: _s, ...held } = processLimits(spec.root.children[0] as never);
  return held;
}

test('what a process may hold follows from its threads, or is what its supervisor says', () => {
  const limits = { heapMb: 32, memoryMb: 100, cpu: 0.5 };
  const lower = { share: 0.5, over: 'lower' };
  const stdioBytesPerSecond = 1_000_000;
  const wall = 'process' as const;
  const x = { id: 'x', module: './x.ts' };
  // Half as much again, and three times the young generation of 16 MB.
  expect(wholeOf({ ...x, wall, limits })).toEqual({ memoryMb: 198, cpu: lower, stdioBytesPerSecond });
  const pool = { id: 'p', wall, pool: { module: './x.ts', maxThreads: 2 } };
  expect(wholeOf({ ...pool, limits: { heapMb: 32, memoryMb: 100 } })).toEqual({
    memoryMb: 3 * 198,
    stdioBytesPerSecond,
  });
  expect(wholeOf({ id: 'c', wall, children: [x] })).toEqual({ stdioBytesPerSecond });
  const given = { memoryMb: 300, cpu: 2, cpuOver: 'end' as const };
  expect(wholeOf({ id: 'c', wall, limits: given, children: [x] })).toEqual({
    memoryMb: 300,
    cpu: { share: 2, over: 'end' },
    stdioBytesPerSecond,
  });
});

test('a processor that is unlimited is no limit to the wall', () => {
  expect(limitsOf({ cpu: 'unlimited', cpuOver: 'end' })).toEqual({
    heapMb: 256,
    youngMb: 48,
    stackMb: 4,
    memoryMb: 512,
    stdioBytesPerSecond: 1_000_000,
  });
});
