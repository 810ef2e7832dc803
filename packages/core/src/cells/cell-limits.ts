/**
 * From the limits of a cell to those that the system holds. The guard of cells holds what was given; the system's
 * limits stand behind it, for what is quicker than the guard looks or what it cannot see.
 */
import type { WallLimits } from '../kernel/wall.js';
import type { CgroupLimits } from './cell-cgroup.js';
import type { ProcessLimits } from './cell-command.js';

/** Beyond the limit: room for what is reserved and not used, and for one large step of who is about to be ended. */
const DATA_SPARE_MB = 512;
/** Node itself, and what a cgroup counts besides: code, files, the system's own tables. */
const CGROUP_SPARE_MB = 128;

/** What stands where nothing is limited any more. */
export const NO_SYSTEM_LIMITS: ProcessLimits & CgroupLimits = {
  dataMb: Infinity,
  memoryMb: Infinity,
  cpus: Infinity,
  pids: Infinity,
};

export function systemLimits({ memoryMb, cpu, processes }: WallLimits): ProcessLimits & CgroupLimits {
  return {
    ...(memoryMb === undefined
      ? {}
      : { dataMb: 2 * memoryMb + DATA_SPARE_MB, memoryMb: 1.25 * memoryMb + CGROUP_SPARE_MB }),
    ...(cpu === undefined ? {} : { cpus: cpu.share }),
    ...(processes === undefined ? {} : { pids: processes }),
  };
}
