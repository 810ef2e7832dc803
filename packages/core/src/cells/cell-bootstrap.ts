/**
 * The first code of a cell's process: nothing that the host had open stays open, the pipe to the parent is the
 * only way out, and when it ends, so does the process, at once and whatever state its threads are in.
 */
import { writeFileSync } from 'node:fs';
import { MAX_FRAME_BYTES } from '../channel/channel.js';
import type { WallLimits } from '../kernel/wall.js';
import { endProcess } from '../threads/end-process.js';
import { nodeAfterTurn } from '../threads/node-after-turn.js';
import { streamsOfDescriptors } from './byte-streams.js';
import { closeInherited } from './descriptors.js';
import { Pipe, type PipeOptions } from './pipe.js';

/** The descriptors of the two pipes in a cell: it reads from the first of each and writes to the second. */
const PARENT = [3, 4] as const;
const DIRECT = [5, 6] as const;
/** What a shell says of a process that SIGKILL ended. */
const KILLED = 137;

/** A thread of a cell that is opened before there is a kernel to ask for one. Its files: `file:` URLs. */
export interface EarlyThread {
  readonly bootstrap: string;
  readonly guest: string;
  readonly limits: WallLimits;
}

/** The one argument of a cell's process, as JSON. */
export interface CellSetup {
  /** A `file:` URL: what compiled-cell.cjs is to run, where that is the entry. */
  readonly code?: string;
  /** A thread to open before that is loaded. */
  readonly early?: EarlyThread;
  /** Whether it has a second pipe. */
  readonly direct: boolean;
  /** The largest frame that the parent takes. */
  readonly maxFrameBytes: number;
  /** 0 to 1000: how soon the system is to choose this process when it runs out of memory. */
  readonly oomScore?: number;
  /** For the code of the cell: plain data, nothing secret. */
  readonly settings?: unknown;
}

export interface CellPipes {
  /** To the parent. The process ends with it. */
  readonly parent: Pipe;
  /** To another thread of the host, whose data need not pass its kernel, if it has one; may end before the cell. */
  readonly direct: Pipe | undefined;
  /** As given with the cell. */
  readonly settings: unknown;
}

/** Call it once, first of all. */
export function bootCell(): CellPipes {
  const setup = JSON.parse(process.argv[2] ?? '') as CellSetup;
  closeInherited([...PARENT, ...(setup.direct ? DIRECT : [])]);
  // What the C library was told with its start is nobody else's business.
  process.env = {};
  if (setup.oomScore !== undefined) {
    try {
      writeFileSync('/proc/self/oom_score_adj', String(setup.oomScore));
    } catch {
      // It was possible when it was probed: the cell runs as well without.
    }
  }
  const over = ([input, output]: readonly [number, number], options: Partial<PipeOptions>): Pipe =>
    new Pipe({
      maxFrameBytes: MAX_FRAME_BYTES,
      maxSentFrameBytes: setup.maxFrameBytes,
      streams: streamsOfDescriptors(input, output),
      side: 'child',
      afterTurn: nodeAfterTurn,
      ...options,
    });
  return {
    parent: over(PARENT, { takesEnds: true, ended: endAtOnce }),
    direct: setup.direct ? over(DIRECT, { numberedElsewhere: true }) : undefined,
    settings: setup.settings,
  };
}

/**
 * Ends the process, whatever its threads do. SIGKILL: `process.exit` would wait for a thread that cannot be stopped. The first process of a process
 * namespace is immune to signals from inside; there the C library's `exit` serves.
 */
export function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
  void endProcess(KILLED, { stuck: true });
}
