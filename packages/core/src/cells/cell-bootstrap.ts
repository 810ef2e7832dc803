/**
 * The first code of a cell's process: nothing that the host had open stays open, the pipe to the parent is the
 * only way out, and when it ends, so does the process, at once and whatever state its threads are in.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { MAX_FRAME_BYTES } from '../channel/channel.js';
import { endProcess } from '../threads/end-process.js';
import { nodeAfterTurn } from '../threads/node-after-turn.js';
import { streamsOfDescriptors, type ByteStreams } from './byte-streams.js';
import { LINE, readSetup, type CellSetup, type EarlyAddresses } from './cell-setup.js';
import { closeInherited } from './descriptors.js';
import { Pipe, type PipeOptions } from './pipe.js';
import { acceptStreams } from './stream-offer.js';

/** The descriptors of the two pipes in a cell: it reads from the first of each and writes to the second. */
const PARENT = [3, 4] as const;
const DIRECT = [5, 6] as const;
/** What a shell says of a process that SIGKILL ended. */
const KILLED = 137;

export interface CellPipes {
  /** To the parent. The process ends with it. */
  readonly parent: Pipe;
  /** To another thread of the host, whose data need not pass its kernel, if it has one; may end before the cell. */
  readonly direct: Pipe | undefined;
  /** As given with the cell. */
  readonly settings: unknown;
}

/** How each of the two is used. */
const TO_PARENT: Partial<PipeOptions> = { takesEnds: true, ended: endAtOnce };
const BESIDE: Partial<PipeOptions> = { numberedElsewhere: true };

/** Call it once, first of all, in a cell that was started with its pipes. */
export function bootCell(setup: CellSetup = readSetup()): CellPipes {
  prepareProcess(setup, [...PARENT, ...(setup.direct ? DIRECT : [])]);
  return {
    parent: pipeOver(setup, streamsOfDescriptors(...PARENT), TO_PARENT),
    direct: setup.direct ? pipeOver(setup, streamsOfDescriptors(...DIRECT), BESIDE) : undefined,
    settings: setup.settings,
  };
}

/** The same in an early cell: resolves when the kernel above, and who started it, have connected to it. */
export async function bootEarlyCell(setup: CellSetup, addresses: EarlyAddresses): Promise<CellPipes> {
  prepareProcess(setup, [LINE]);
  const line = new Socket({ fd: LINE });
  line.on('error', endAtOnce);
  line.on('close', endAtOnce);
  line.resume();
  const connected = Promise.all([acceptStreams(addresses.parent), acceptStreams(addresses.direct)]);
  line.write('.');
  const [parent, direct] = await connected;
  return {
    parent: pipeOver(setup, parent, TO_PARENT),
    direct: pipeOver(setup, direct, BESIDE),
    settings: setup.settings,
  };
}

function prepareProcess({ oomScore }: CellSetup, descriptors: readonly number[]): void {
  closeInherited(descriptors);
  // What the C library was told with its start is nobody else's business.
  process.env = {};
  if (oomScore === undefined) return;
  try {
    writeFileSync('/proc/self/oom_score_adj', String(oomScore));
  } catch {
    // It was possible when it was probed: the cell runs as well without.
  }
}

function pipeOver({ maxFrameBytes }: CellSetup, streams: ByteStreams, options: Partial<PipeOptions>): Pipe {
  return new Pipe({
    maxFrameBytes: MAX_FRAME_BYTES,
    maxSentFrameBytes: maxFrameBytes,
    streams,
    side: 'child',
    afterTurn: nodeAfterTurn,
    ...options,
  });
}

/**
 * Ends the process, whatever its threads do. SIGKILL: `process.exit` would wait for a thread that cannot be stopped. The first process of a process
 * namespace is immune to signals from inside; there the C library's `exit` serves.
 */
export function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
  void endProcess(KILLED, { stuck: true });
}
