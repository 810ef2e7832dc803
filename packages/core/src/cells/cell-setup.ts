/** What a cell's process is told when it starts, and from where. Small: it is read before anything else is loaded. */
import { readSync } from 'node:fs';
import type { WallLimits } from '../kernel/wall.js';
import type { StreamAddress } from './stream-offer.js';

/** A thread of a cell that is opened before there is a kernel to ask for one. Its files: `file:` URLs. */
export interface EarlyThread {
  readonly bootstrap: string;
  readonly guest: string;
  readonly limits: WallLimits;
}

/** Where an early cell is connected to. */
export interface EarlyAddresses {
  /** By the kernel above. */
  readonly parent: StreamAddress;
  /** By the thread that has started it: its second pipe. */
  readonly direct: StreamAddress;
}

/** The one argument of a cell's process, as JSON; of an early cell (early-cell.ts), what comes over its line. */
export interface CellSetup {
  /** A `file:` URL: what compiled-cell.cjs is to run, where that is the entry. */
  readonly code?: string;
  /** A thread to open before that is loaded. */
  readonly early?: EarlyThread;
  /** Of an early cell, which was not started with its pipes. */
  readonly addresses?: EarlyAddresses;
  /** Whether it has a second pipe. */
  readonly direct: boolean;
  /** The largest frame that the parent takes. */
  readonly maxFrameBytes: number;
  /** 0 to 1000: how soon the system is to choose this process when it runs out of memory. */
  readonly oomScore?: number;
  /** For the code of the cell: plain data, nothing secret. */
  readonly settings?: unknown;
}

/** The descriptor of an early cell's line to who has started it; it ends with him. */
export const LINE = 3;
const NEWLINE = 10;

export function readSetup(): CellSetup {
  return JSON.parse(process.argv[2] ?? firstLine()) as CellSetup;
}

/** Written before the process was there. */
function firstLine(): string {
  const parts: Buffer[] = [];
  const part = Buffer.alloc(1 << 16);
  for (;;) {
    const bytes = readSync(LINE, part);
    const end = part.subarray(0, bytes).indexOf(NEWLINE);
    parts.push(Buffer.from(part.subarray(0, end === -1 ? bytes : end)));
    if (end !== -1 || bytes === 0) return Buffer.concat(parts).toString();
  }
}
