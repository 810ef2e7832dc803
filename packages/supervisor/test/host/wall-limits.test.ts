import { expect, test } from '@jest/globals';
import { wallLimits } from '../../src/host/wall-limits.js';
import { normaliseSpec, type EnvironmentLimitsSpec } from '../../src/spec/index.js';

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

test('a processor that is unlimited is no limit to the wall', () => {
  expect(limitsOf({ cpuOver: 'end' })).toEqual({
    heapMb: 256,
    youngMb: 48,
    stackMb: 4,
    memoryMb: 512,
    stdioBytesPerSecond: 1_000_000,
  });
});
