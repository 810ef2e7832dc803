/**
 * A cell's process that is started before the kernel that will have it: in the thread that calls `start`, so that the
 * two come up at the same time. The kernel's thread takes it over for the first cell of the tree, if that is what the
 * process was started as, and ends it else.
 *
 * - It ends with this process, whoever has it: its line ends then, and nobody else holds that.
 * - It was started behind walls that nobody has tried out. If it does not come up, the kernel starts another, after
 *   the machine was tried out; none of the tree has run in it.
 * - Its end and what it prints past its threads are seen here, and passed on to the kernel's thread. That one sees
 *   by itself that it has ended, should this thread be blocked: see `EarlyChild`.
 */
import { spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import type { PrintedStream } from '../threads/wall-messages.js';
import { CELL_ENVIRONMENT, cellCommand, OOM_SCORE, titled } from './cell-command.js';
import type { CellSetup, EarlyAddresses, EarlyThread } from './cell-setup.js';
import { DEFAULT_FRAME_BYTES } from './pipe.js';
import { killGroup } from './run-command.js';
import { freshAddress } from './stream-offer.js';
import type { Machine, WallName } from './walls.js';

export interface EarlyCellOptions {
  /** As of a `CellWall`. */
  readonly file: string;
  readonly code?: string;
  readonly early: EarlyThread | undefined;
  /** Of the cell that it is to be. */
  readonly title: string;
  /** Those that `machine` offers. */
  readonly walls: ReadonlySet<WallName>;
  /** As it is assumed to be. */
  readonly machine: Machine;
  readonly settings: unknown;
  readonly clock: Clock;
  /** Milliseconds until it has come up. */
  readonly startTimeoutMs: number;
}

/** For the kernel's thread; plain data but for the port, which is to be transferred. */
export interface EarlyOffer {
  readonly port: MessagePort;
  readonly pid: number;
  readonly addresses: EarlyAddresses;
  readonly title: string;
  readonly walls: ReadonlySet<WallName>;
  readonly machine: Machine;
}

export type FromStarter =
  | { readonly tag: 'exit'; readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly tag: 'printed'; readonly stream: PrintedStream; readonly chunk: Uint8Array };

/** More of what it prints can be taken. */
export interface ToStarter {
  readonly tag: 'more';
  readonly stream: PrintedStream;
}

export class EarlyCell {
  /** Undefined if it did not come up. */
  readonly offer: Promise<EarlyOffer | undefined>;
  #pid: number | undefined;

  /** Starts at once. Throws the system's error. */
  constructor(options: EarlyCellOptions) {
    const { file, code, early, title, walls, machine, settings, clock, startTimeoutMs } = options;
    const addresses = { parent: freshAddress(), direct: freshAddress() };
    const setup: CellSetup = {
      ...(code === undefined ? {} : { code }),
      ...(early === undefined ? {} : { early }),
      addresses,
      direct: true,
      maxFrameBytes: DEFAULT_FRAME_BYTES,
      ...(walls.has('oomScore') ? { oomScore: OOM_SCORE } : {}),
      settings,
    };
    const node = [process.execPath, titled(title), file];
    const [command = '', ...words] = cellCommand({ walls, machine, limits: {}, cgroups: [], node });
    const child = spawn(command, words, {
      env: CELL_ENVIRONMENT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#pid = child.pid;
    const { port1, port2 } = new MessageChannel();
    const say = (message: FromStarter): void => port1.postMessage(message);
    this.offer = new Promise((resolve) => {
      const failed = (): void => resolve(undefined);
      child.once('error', failed);
      const cancelTimeout = clock.after(startTimeoutMs, () => {
        this.end();
        failed();
      });
      child.once('exit', (exitCode, signal) => {
        cancelTimeout();
        failed();
        this.#pid = undefined;
        say({ tag: 'exit', exitCode, signal });
        port1.close();
      });
      const line = child.stdio[3] as Duplex | undefined;
      line?.on('error', () => undefined);
      line?.once('data', () => {
        cancelTimeout();
        if (child.pid !== undefined)
          resolve({ port: port2, pid: child.pid, addresses, title, walls, machine });
      });
      line?.write(`${JSON.stringify(setup)}\n`);
      // Whether this process may end is not for one that waits in it.
      unref(line);
    });
    for (const stream of ['stdout', 'stderr'] as const) passOn(child[stream], stream, port1, say);
    child.unref();
    port1.unref();
  }

  /** Nothing of it is wanted, whoever has it. */
  end(): void {
    killGroup(this.#pid);
  }
}

/** A chunk each time that there is room for one: so it waits, and not we, if it prints more than the kernel takes. */
function passOn(
  from: Readable | null,
  stream: PrintedStream,
  port: MessagePort,
  say: (message: FromStarter) => void,
): void {
  if (from === null) return;
  from.on('error', () => undefined);
  from.on('data', (chunk: Buffer) => {
    from.pause();
    say({ tag: 'printed', stream, chunk });
  });
  from.pause();
  port.on('message', (message: ToStarter) => {
    if (message.stream === stream) from.resume();
  });
  unref(from);
}

function unref(stream: object | undefined): void {
  (stream as { unref?: () => void } | undefined)?.unref?.();
}
