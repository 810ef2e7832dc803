/** What the wall of an environment holds, out of what its spec says. */
import type { WallLimits } from '@espalier/core/internal/host.js';
import type { NormalisedLimits } from '../spec/normalised.js';

type Held = Omit<NormalisedLimits, 'memoryMb'> & Partial<NormalisedLimits>;

export function wallLimits({ cpu, cpuOver, ...limits }: Held): WallLimits {
  const { heapMb, youngMb, stackMb, memoryMb = 2 * heapMb, stdioBytesPerSecond } = limits;
  const held = { heapMb, youngMb, stackMb, memoryMb, stdioBytesPerSecond };
  return cpu === 'unlimited' ? held : { ...held, cpu: { share: cpu, over: cpuOver } };
}
